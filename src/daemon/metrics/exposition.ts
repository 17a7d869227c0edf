// Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
import type { Histogram } from "./histogram.ts";

export const contentType = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/** A number, or a histogram, and what tells it from the others of its family. */
export interface Sample<Value> {
  readonly labels?: Labels;
  readonly value: Value;
}

interface Head {
  readonly name: string;
  /** A sentence. */
  readonly help: string;
}

/** All that has one name. */
export type MetricFamily =
  | (Head & { readonly type: "counter" | "gauge"; readonly samples: readonly Sample<number>[] })
  | (Head & { readonly type: "histogram"; readonly samples: readonly Sample<Histogram>[] });

/** The text of these families, in their order. Pure. */
export function formatFamilies(families: readonly MetricFamily[]): string {
  return families.map(formatFamily).join("");
}

function formatFamily(family: MetricFamily): string {
  const { name, help, type } = family;
  const lines =
    family.type === "histogram"
      ? family.samples.flatMap((sample) => formatHistogram(name, sample))
      : family.samples.map(({ labels = {}, value }) => formatSample(name, labels, value));
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  return [...head, ...lines, ""].join("\n");
}

function formatHistogram(name: string, { labels = {}, value }: Sample<Histogram>): string[] {
  const { bounds, cumulative, count, sum } = value;
  const bucket = (le: string, times: number) =>
    formatSample(`${name}_bucket`, { ...labels, le }, times);
  return [
    ...bounds.map((bound, i) => bucket(String(bound), cumulative[i] ?? 0)),
    bucket("+Inf", count),
    formatSample(`${name}_sum`, labels, sum),
    formatSample(`${name}_count`, labels, count),
  ];
}

function formatSample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join()}}`} ${value}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

import type { ReportPart, Table, TargetId } from "./targets.ts";
import { limits, targets } from "./targets.ts";

export interface BenchReport {
  readonly machine: readonly (readonly [string, string])[];
  readonly parts: readonly ReportPart[];
  readonly quick: boolean;
}

/** Every target and what was found, none left out. */
export function targetTable({ parts }: BenchReport): Table {
  const findings = Object.assign(
    {},
    ...parts.map((part) => part.findings),
  ) as ReportPart["findings"];
  return {
    title: "What must hold",
    head: ["", "target", "Sesame", "knockd", "ratio", "met"],
    rows: (Object.keys(targets) as TargetId[]).map((id) => {
      const { what, target } = targets[id];
      const { ours, theirs = "", ratio = "", met, note } = findings[id] ?? {};
      const verdict =
        ours === undefined ? "not measured" : met === undefined ? "–" : met ? "met" : "NOT MET";
      return [
        what,
        target,
        ours ?? "",
        theirs,
        ratio,
        note === undefined ? verdict : `${verdict} (${note})`,
      ];
    }),
    note: "Figures are medians, with the least and the most in brackets. The ratio says how many times the one is the other.",
  };
}

/** A sentence for each target that is not met. */
function shortfalls({ parts }: BenchReport): readonly string[] {
  const findings = Object.assign(
    {},
    ...parts.map((part) => part.findings),
  ) as ReportPart["findings"];
  return (Object.keys(targets) as TargetId[])
    .filter((id) => findings[id]?.met === false)
    .map((id) => `- ${targets[id].what}: ${limits[id] ?? "what limits it is not known yet"}`);
}

export function failuresOf({ parts }: BenchReport): readonly string[] {
  return parts.flatMap(({ failures }) => failures);
}

/** The text of docs/benchmarks.md. */
export function markdown(report: BenchReport): string {
  const { machine, parts, quick } = report;
  const failures = failuresOf(report);
  const shortfall = shortfalls(report);
  const lines = [
    "# Benchmarks",
    "",
    `Written by \`npm run bench${quick ? " -- --quick" : ""}\`: Sesame and Debian's knockd in turn, on the same machine and the same traffic, between two`,
    "network namespaces joined by a cable. CONTRIBUTING.md says how to run it, `bench/` how it measures. Take the ratios rather than the",
    "figures: those are of one machine, which also runs the clients and the generator of the floods.",
    "",
    ...(failures.length === 0
      ? []
      : [
          "**This run failed; its figures prove nothing:**",
          "",
          ...failures.map((text) => `- ${text}`),
          "",
        ]),
    ...machine.map(([name, value]) => `- ${name}: ${value}`),
    "",
    ...markdownTable(targetTable(report)),
    "",
    ...(shortfall.length === 0
      ? []
      : ["## What limits those that are not met", "", ...shortfall, ""]),
    ...parts.flatMap((part) => part.tables).flatMap((table) => [...markdownTable(table), ""]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function markdownTable({ title, head, rows, note }: Table): string[] {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map(() => "---");
  return [
    `## ${title}`,
    "",
    row(head),
    row(rule),
    ...rows.map(row),
    ...(note === undefined ? [] : ["", note]),
  ];
}

/** A table for a terminal. */
export function plainTable({ title, head, rows, note }: Table): string {
  const widths = head.map((text, i) =>
    Math.max(text.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    `== ${title}`,
    line(head),
    ...rows.map(line),
    ...(note === undefined ? [] : [note]),
    "",
  ].join("\n");
}

import { breakLines } from "../src/cli/help.ts";
import type { BenchTarget, ReportPart, Table, TargetId } from "./targets.ts";
import { limits, targets } from "./targets.ts";

/** One part and what its figures depend on: a name and a value each. */
export interface MeasuredPart extends ReportPart {
  readonly name: string;
  readonly machine: readonly (readonly [string, string])[];
}

/** Its parts may have been measured on different days. */
export interface BenchReport {
  readonly parts: readonly MeasuredPart[];
}

/** Returns one part that says what all of them say. */
export function mergeParts(parts: readonly ReportPart[]): ReportPart {
  return {
    findings: Object.assign({}, ...parts.map(({ findings }) => findings)),
    tables: parts.flatMap(({ tables }) => tables),
    failures: parts.flatMap(({ failures }) => failures),
  };
}

/** Returns what `measure` finds. If it throws, that is a failure, and the other parts are measured all the same. */
export async function partOrFailure(
  name: string,
  measure: () => Promise<ReportPart>,
): Promise<ReportPart> {
  try {
    return await measure();
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(`${name}: ${reason}`);
    return { findings: {}, tables: [], failures: [`${name}: ${reason.split("\n")[0]}`] };
  }
}

/** Every target and what was found, none left out. */
export function targetTables(report: BenchReport): readonly Table[] {
  return [
    targetTable(report, "What must hold", "knockd"),
    targetTable(report, "What must hold of knocks by key", "fwknopd"),
    targetTable(report, "What must hold of a fleet", "alone"),
  ];
}

/** The targets that have this peer. */
function targetTable({ parts }: BenchReport, title: string, peer: Peer): Table {
  const { findings } = mergeParts(parts);
  const ids = Object.keys(targets) as TargetId[];
  return {
    title,
    head: ["", "target", "Sesame", peer, "ratio", "met"],
    rows: ids
      .filter((id) => peerOf(id) === peer)
      .map((id) => {
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

type Peer = "knockd" | "fwknopd" | "alone";

function peerOf(id: TargetId): Peer {
  const target: BenchTarget = targets[id];
  return target.peer ?? "knockd";
}

/** A sentence for each target that is not met. */
function shortfalls({ parts }: BenchReport): readonly string[] {
  const { findings } = mergeParts(parts);
  return (Object.keys(targets) as TargetId[])
    .filter((id) => findings[id]?.met === false)
    .map((id) => `- ${targets[id].what}: ${limits[id] ?? "what limits it is not known yet"}`);
}

export function failuresOf({ parts }: BenchReport): readonly string[] {
  return parts.flatMap(({ failures }) => failures);
}

/** The text of docs/benchmarks.md. */
export function markdown(report: BenchReport): string {
  const { parts } = report;
  const failures = failuresOf(report);
  const shortfall = shortfalls(report);
  const lines = [
    "# Benchmarks",
    "",
    "Written by `npm run bench`: Sesame and Debian's knockd and fwknopd in turn, on the same machine and " +
      "the same traffic, between two network namespaces joined by a cable. CONTRIBUTING.md says how to run " +
      "it, `bench/` how it measures. Take the ratios rather than the figures: those are of one machine, " +
      "which also runs the clients and the generator of the floods.",
    "",
    ...(failures.length === 0
      ? []
      : [
          "**This run failed; its figures prove nothing:**",
          "",
          ...failures.map((text) => `- ${text}`),
          "",
        ]),
    ...machineLines(parts),
    ...parts.flatMap((part) => part.tables).flatMap((table) => [...markdownTable(table), ""]),
    ...targetTables(report).flatMap((table) => [...markdownTable(table), ""]),
    ...(shortfall.length === 0
      ? []
      : ["## What limits those that are not met", "", ...shortfall, ""]),
  ];
  return `${lines.flatMap(breakParagraph).join("\n").trimEnd()}\n`;
}

/** Lines of prose end at 100 columns; those of a list go on below its text. */
function breakParagraph(line: string): string[] {
  const isProse = /^(?:- )?[^|#\s]/.test(line);
  if (!isProse) return [line];
  const [first = "", ...others] = breakLines(line, 98);
  return line.startsWith("- ") ? [first, ...others.map((text) => `  ${text}`)] : [first, ...others];
}

/** What holds for all parts as a list, what differs as a table. */
function machineLines(parts: readonly MeasuredPart[]): readonly string[] {
  const names = [...new Set(parts.flatMap(({ machine }) => machine.map(([name]) => name)))];
  const valueIn = (part: MeasuredPart, wanted: string) =>
    part.machine.find(([name]) => name === wanted)?.[1] ?? "–";
  const values = (name: string) => [...new Set(parts.map((part) => valueIn(part, name)))];
  const differing = names.filter((name) => values(name).length > 1);
  const table: Table = {
    title: "When and beside what each part was measured",
    head: ["part", ...differing],
    rows: parts.map((part) => [part.name, ...differing.map((name) => valueIn(part, name))]),
  };
  return [
    ...names
      .filter((name) => !differing.includes(name))
      .map((name) => `- ${name}: ${values(name).join("")}`),
    "",
    ...(differing.length === 0 ? [] : [...markdownTable(table), ""]),
  ];
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

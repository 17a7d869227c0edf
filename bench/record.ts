import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { BenchReport } from "./report.ts";
import { markdown } from "./report.ts";

/** The page, and the figures of each part that was measured last, from which the page is made. */
export const benchPage = "docs/benchmarks.md";
const benchRecord = "bench/benchmarks.json";

/** What was measured before; nothing where there is no such file. */
export function readRecord(file = benchRecord): BenchReport {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { parts: [] };
}

/** Returns `before` with the parts that `now` has in place of those of the same name; `order` has all names. */
export function updated(
  before: BenchReport,
  now: BenchReport,
  order: readonly string[],
): BenchReport {
  const parts = order.flatMap((name) => {
    const named = (report: BenchReport) => report.parts.filter((part) => part.name === name);
    const fresh = named(now);
    return fresh.length > 0 ? fresh : named(before);
  });
  return { parts };
}

/** Writes record and page anew. */
export function writeRecord(report: BenchReport): void {
  writeFileSync(benchRecord, `${JSON.stringify(report, undefined, 1)}\n`);
  writePage(report, benchPage);
}

export function writePage(report: BenchReport, file: string): void {
  writeFileSync(file, markdown(report));
}

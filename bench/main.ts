// npm run bench: Sesame beside Debian's knockd and fwknopd, on real packets. Started by scripts/bench.
import { parseArgs } from "node:util";
import { needs } from "../test/live/requirements.ts";
import { BackgroundLoad } from "./company.ts";
import { measureFleet } from "./fleet.ts";
import { measureFloods } from "./flood.ts";
import { measureKernel } from "./kernel.ts";
import { measureFwknop, measureKeys } from "./keys.ts";
import { measureLight } from "./light.ts";
import { describeMachine } from "./machine.ts";
import { measureOpening } from "./open.ts";
import { readRecord, updated, writePage, writeRecord } from "./record.ts";
import type { BenchReport, MeasuredPart } from "./report.ts";
import { failuresOf, partOrFailure, plainTable, targetTables } from "./report.ts";
import { measureRest } from "./rest.ts";
import { measureScale } from "./scale.ts";
import { measureScans } from "./scan.ts";
import { figure } from "./statistics.ts";
import type { Course, ReportPart } from "./targets.ts";
import { BenchTestBed } from "./test-bed.ts";

const measurements = {
  open: measureOpening,
  flood: measureFloods,
  kernel: measureKernel,
  keys: measureKeys,
  fwknop: measureFwknop,
  scale: measureScale,
  rest: measureRest,
  light: measureLight,
  scan: measureScans,
  fleet: measureFleet,
} as const satisfies Readonly<
  Record<string, (stage: BenchTestBed, course: Course) => Promise<ReportPart>>
>;

type MeasurementName = keyof typeof measurements;

const usage = `usage: npm run bench -- [--only ${Object.keys(measurements).join(",")}] [--quick] [--json] [--output FILE]

What was measured takes its place in docs/benchmarks.md; with --quick nothing is written, and with --output only FILE.
Where a knock at Sesame did not open, docs/benchmarks.md stays as it was.
Ends with 1 if a knock at Sesame did not open; a target that is not met is no error.
`;

interface BenchOptions {
  readonly only: readonly MeasurementName[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly output: string | undefined;
}

function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      output: { type: "string" },
    },
  });
  const all = Object.keys(measurements) as MeasurementName[];
  const asked = values.only?.split(",") ?? all;
  const unknown = asked.filter((name) => !all.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`nothing to measure is called "${unknown.join(", ")}"`);
  const { quick, json, output } = values;
  return {
    only: all.filter((name) => asked.includes(name)),
    quick,
    json,
    output,
  };
}

async function measure({ only, quick }: BenchOptions): Promise<BenchReport> {
  const begin = performance.now();
  const progress = (text: string) => {
    const seconds = Math.round((performance.now() - begin) / 1_000);
    console.error(
      `[${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")}] ${text}`,
    );
  };
  const machine = await describeMachine();
  const stage = await BenchTestBed.open();
  const parts: MeasuredPart[] = [];
  try {
    for (const name of only) {
      const company = new BackgroundLoad();
      const measureOne = () => measurements[name](stage, { quick, progress });
      const part = await partOrFailure(name, measureOne);
      const others = `${figure(company.share * 100)} % of the processors, on average (kernel threads included)`;
      parts.push({ name, machine: [...machine, ["other programs took", others]], ...part });
    }
  } finally {
    await stage.close();
  }
  return { parts };
}

function show(report: BenchReport, { json, output, quick }: BenchOptions): void {
  if (json) console.log(JSON.stringify(report, undefined, 2));
  else {
    const tables = [...report.parts.flatMap((part) => part.tables), ...targetTables(report)];
    for (const table of tables) console.log(plainTable(table));
    for (const { name, machine } of report.parts)
      console.log(`${name}: ${machine.map(([what, value]) => `${what} ${value}`).join(", ")}`);
  }
  const failures = failuresOf(report);
  if (output !== undefined) writePage(report, output);
  else if (!quick && failures.length === 0)
    writeRecord(updated(readRecord(), report, Object.keys(measurements)));
  for (const text of failures) console.error(`FAILED: ${text}`);
  if (failures.length > 0) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  const missing = needs("knockd", "knock", "nft", "nmap");
  if (missing !== undefined) throw new Error(missing);
  show(await measure(options), options);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 2;
}

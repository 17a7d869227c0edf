// npm run fuzz -- [TARGET…] [--seconds N | --cases N] [--seed S] [--blind] [--missing] [--case FILE]
//
// Many hostile cases against each target, guided by what code they reach. New ones that reach more are
// put into test/corpus/TARGET. At the first that breaks a promise it ends with 1, and says how to repeat it.
// --blind: without looking at the code, which is faster, and leaves the corpus as it is; --missing: shows
// the code that was never reached; --case: runs one case from a file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Campaign, distinct } from "./campaign.ts";
import { Corpus, nameOf } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import type { FuzzTarget } from "./target.ts";
import { targets } from "./targets.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "20" },
    cases: { type: "string" },
    seed: { type: "string" },
    case: { type: "string" },
    blind: { type: "boolean", default: false },
    missing: { type: "boolean", default: false },
  },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 1e9));
const failures = "test-results/fuzz";

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = targets.filter(
    ({ name }) => positionals.includes(name) || positionals.length === 0,
  );
  const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) {
    console.error(
      `no target ${unknown.join()}: there are ${targets.map(({ name }) => name).join()}`,
    );
    return 2;
  }
  for (const target of chosen) {
    const isFine =
      options.case === undefined ? await fuzz(target) : await repeat(target, options.case);
    if (!isFine) return 1;
  }
  return 0;
}

async function fuzz(target: FuzzTarget): Promise<boolean> {
  const { name } = target;
  const folder = new Corpus(join("test/corpus", name));
  const script = process.argv[1];
  if (script === undefined) throw new Error("no script");
  const coverage = options.blind ? undefined : new Coverage(script, target.covers);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const mostCases = options.cases === undefined ? undefined : Number(options.cases);
  let told = 0;
  const progress = (campaign: Campaign) => {
    if (!process.stderr.isTTY || seconds() - told < 0.2) return;
    told = seconds();
    process.stderr.write(`\r\u001b[K${name}: ${describe(campaign, told)}`);
  };
  const campaign = new Campaign(target, {
    seed,
    corpus: folder.read(),
    ...(coverage && { coverage }),
    isTimed: true,
    goOn: (cases) =>
      mostCases === undefined ? seconds() < Number(options.seconds) : cases < mostCases,
    onProgress: progress,
  });
  const failure = await campaign.run();
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  console.log(`${name}: ${describe(campaign, seconds())}, seed ${seed}`);
  if (failure !== undefined) {
    report(name, failure.input, failure.error);
    return false;
  }
  if (coverage === undefined) return true;
  const { lines, share } = coverage.missing();
  const kept = await distinct(target, campaign.pool, coverage);
  folder.write(kept);
  coverage.stop();
  const bytes = kept.reduce((sum, { length }) => sum + length, 0);
  const percent = (share * 100).toFixed(1);
  console.log(
    `  ${percent} % of the lines that are of interest; corpus: ${kept.length} cases, ${bytes} bytes`,
  );
  if (options.missing) for (const line of lines) console.log(`  never: ${line}`);
  return true;
}

function describe({ cases, pool, outcomes, slowest }: Campaign, seconds: number): string {
  const rate = Math.round(cases / Math.max(seconds, 0.001));
  const { time, input } = slowest;
  return `${cases} cases in ${seconds.toFixed(0)} s (${rate}/s), ${pool.length} kept, ${outcomes.size} outcomes, slowest ${time.toFixed(3)} ms (${input.length} bytes)`;
}

async function repeat(target: FuzzTarget, path: string): Promise<boolean> {
  const input = Uint8Array.from(readFileSync(path));
  try {
    const start = performance.now();
    const outcome = await target.run(input);
    console.log(`${target.name}: ${outcome}, in ${(performance.now() - start).toFixed(1)} ms`);
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

function report(name: string, input: Uint8Array, error: unknown): void {
  const path = join(failures, name, nameOf(input));
  mkdirSync(join(failures, name), { recursive: true });
  writeFileSync(path, input);
  console.error(error);
  console.error(`${name}: to repeat it: npm run fuzz -- ${name} --case ${path}`);
}

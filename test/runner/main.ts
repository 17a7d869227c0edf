// Runs tests: unit tests, live tests in several private worlds at once, then alone those that measure time. The last
// line is `N passed, N failed`, with `, N skipped` after it if there were any.
//
//   node --import ./bench/typescript.mjs test/runner/main.ts [--install] [PATH...] [VITEST OPTION...]
//
// With --install it runs the tests of the Debian package, one world for each release and file.
// SESAME_WORLDS says how many worlds there may be at once. Live tests wait for scripts/test-programs.
//
// Tests meet a real kernel and real time on a machine that does other work, too. So a file that fails is run
// once more at the end, alone; if it passes then, its failures are listed as unsteady and do not count.
// Eight files at most: more is a fault of ours.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Finished, Job, JobSettings } from "./job.ts";
import { runJobs } from "./job.ts";
import type { Outcome } from "./outcome.ts";
import { lastLine } from "./outcome.ts";
import { scheduleOf } from "./schedule.ts";

const root = join(import.meta.dirname, "../..");
const privateWorld = join(root, "scripts/private");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
/** More of them wait for one another on two processors, and ask again and again meanwhile. */
const worlds = Number(process.env["SESAME_WORLDS"] ?? 3);

const isInstall = process.argv[2] === "--install";
const words = process.argv.slice(isInstall ? 3 : 2);
const firstOption = words.findIndex((word) => word.startsWith("-"));
const paths = firstOption === -1 ? words : words.slice(0, firstOption);
const options = firstOption === -1 ? [] : words.slice(firstOption);

/** Jobs of which so many may run at once; phases follow one another. */
interface Phase {
  readonly jobs: readonly Job[];
  readonly lanes: number;
  /** Whether they need the programs that `scripts/test-programs` installs. */
  readonly needsPrograms?: boolean;
}

/** How many files may be run once more. */
const mostRepeated = 8;

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interruption.abort());
}

const reports = mkdtempSync(join(tmpdir(), "sesame-reports-"));
try {
  const phases = isInstall ? installPhases() : phasesOf(testFiles(paths));
  const count = phases.reduce((all, { jobs }) => all + jobs.length, 0);
  const settings = {
    world: world(),
    reports,
    isBuffered: count > 1,
    interruption: interruption.signal,
  };
  const outcomes = await runPhases(phases, settings);
  const failOutside = (text: string) =>
    outcomes.push({ file: root, passed: 0, skipped: 0, failures: [text] });
  if (interruption.signal.aborted) failOutside("was interrupted");
  if (outcomes.every(({ passed, failures }) => passed === 0 && failures.length === 0)) {
    failOutside("had no test");
  }
  list("failed", outcomes);
  console.log(lastLine(outcomes));
  process.exitCode = outcomes.some(hasFailed) ? 1 : 0;
} finally {
  rmSync(reports, { recursive: true });
}

async function runPhases(phases: readonly Phase[], settings: JobSettings): Promise<Outcome[]> {
  const isUsed = ({ needsPrograms, jobs }: Phase) => needsPrograms === true && jobs.length > 0;
  const programs = phases.some(isUsed) ? installPrograms() : Promise.resolve();
  const finished: Finished[] = [];
  for (const { jobs, lanes, needsPrograms } of phases) {
    if (needsPrograms === true) await programs;
    finished.push(...(await runJobs(jobs, lanes, settings)));
  }
  const failed = finished.filter(({ outcome }) => hasFailed(outcome));
  const outcomes = finished.map(({ outcome }) => outcome);
  if (failed.length > mostRepeated) return outcomes;
  const settled = outcomes.filter((outcome) => !hasFailed(outcome));
  for (const { job, outcome } of failed) {
    const repeated = await runJobs([{ ...job, files: [outcome.file] }], 1, settings);
    if (!repeated.some((one) => hasFailed(one.outcome))) list("unsteady", [outcome]);
    settled.push(...repeated.map((one) => one.outcome));
  }
  return settled;
}

function hasFailed({ failures }: Outcome): boolean {
  return failures.length > 0;
}

function list(what: "failed" | "unsteady", outcomes: readonly Outcome[]): void {
  for (const { file, failures } of outcomes) {
    for (const failure of failures) console.log(`${what}: ${relative(root, file)}: ${failure}`);
  }
}

interface TestFile {
  readonly file: string;
  readonly projectName?: string;
}

function phasesOf(files: readonly TestFile[]): Phase[] {
  const of = (project: string) =>
    files.filter(({ projectName }) => projectName === project).map(({ file }) => file);
  const unit = of("unit");
  const isShort = paths.length === 0 && process.env["SESAME_LONG"] !== "1";
  const live = scheduleOf(of("live"), isShort);
  const jobs = (list: readonly string[]) =>
    list.map((file) => ({ files: [file], args: ["--project", "live", ...options] }));
  const unitJob: Job = { files: unit, args: ["--project", "unit", ...options] };
  return [
    { jobs: unit.length === 0 ? [] : [unitJob], lanes: 1 },
    { jobs: jobs(live.beside), lanes: worlds, needsPrograms: true },
    { jobs: jobs(live.alone), lanes: 1, needsPrograms: true },
  ];
}

/** Installs what live tests use. It says itself what is missing; the tests that need that say that they are skipped. */
async function installPrograms(): Promise<void> {
  const child = spawn(join(root, "scripts/test-programs"), { stdio: "inherit" });
  interruption.signal.addEventListener("abort", () => void child.kill("SIGTERM"));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
}

/** What concerns a release is tried in one world for each release. */
function installPhases(): Phase[] {
  const config = ["--config", "test/install/vitest.config.ts", "--root", "."];
  const bases = JSON.parse(process.env["SESAME_DEBIAN_BASES"] ?? "{}");
  const jobs = testFiles([...paths, ...config]).flatMap(({ file }) =>
    (/(?:client|package|takeover)\.test\.ts$/.test(file) ? Object.keys(bases) : [undefined]).map(
      (release): Job => ({
        files: [file],
        args: [...config, ...options],
        env:
          release === undefined
            ? {}
            : { SESAME_DEBIAN_BASES: JSON.stringify({ [release]: bases[release] }) },
      }),
    ),
  );
  return [{ jobs, lanes: worlds }];
}

/** The test files that match, as vitest finds them. */
function testFiles(filters: readonly string[]): TestFile[] {
  const argv = [vitest, "list", ...filters, "--filesOnly", "--json"];
  return JSON.parse(execFileSync(process.execPath, argv, { cwd: root, encoding: "utf8" }) || "[]");
}

/** The command that makes a private world. Where none is possible live tests count as skipped, each by itself. */
function world(): string[] {
  const { status, stderr } = spawnSync(privateWorld, ["true"], { encoding: "utf8" });
  if (status === 0) return [privateWorld];
  console.log(`live tests are skipped:\n${stderr.trim()}`);
  return [];
}

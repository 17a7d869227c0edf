import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Outcome } from "./outcome.ts";
import { outcomesOf } from "./outcome.ts";

const root = join(import.meta.dirname, "../..");

/** One run of vitest in a process of its own. */
export interface Job {
  readonly files: readonly string[];
  /** Arguments of `vitest run` after the files. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What became of a file, with the job that ran it. */
export interface Finished {
  readonly job: Job;
  readonly outcome: Outcome;
}

/** How jobs run. */
export interface JobSettings {
  /** The command that makes a private world for one job; empty where none is possible. */
  readonly world: readonly string[];
  /** A folder for the reports. */
  readonly reports: string;
  /** Whether each job's output is kept until its end, so that the outputs of several do not mix. */
  readonly isBuffered: boolean;
  /** Ends the jobs that run, and lets no other begin. */
  readonly interruption: AbortSignal;
}

let started = 0;

/** Runs a job to its end, and prints what it prints. */
async function runJob(job: Job, settings: JobSettings): Promise<Outcome[]> {
  const { world, reports, isBuffered, interruption } = settings;
  const report = join(reports, `${++started}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // Several runs at once would overwrite each other's cache.
  const vitest = [
    process.execPath,
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--no-cache",
  ];
  const words = [...world, ...vitest, ...job.files, ...job.args, ...reporters];
  const [command = "", ...args] = words;
  const { SESAME_WORLDS: _, ...env } = process.env;
  const child = spawn(command, args, {
    cwd: root,
    env: { ...env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...job.env },
    stdio: isBuffered ? ["ignore", "pipe", "pipe"] : "inherit",
  });
  const stop = () => void child.kill("SIGTERM");
  interruption.addEventListener("abort", stop);
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) =>
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  interruption.removeEventListener("abort", stop);
  process.stdout.write(Buffer.concat(output));
  const text = existsSync(report) ? readFileSync(report, "utf8") : undefined;
  return outcomesOf(text, code, job.files);
}

/** Runs jobs, at most `lanes` at once, in this order. */
export async function runJobs(
  jobs: readonly Job[],
  lanes: number,
  settings: JobSettings,
): Promise<Finished[]> {
  const waiting = [...jobs];
  const finished: Finished[] = [];
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (settings.interruption.aborted) return;
      for (const outcome of await runJob(job, settings)) finished.push({ job, outcome });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return finished;
}

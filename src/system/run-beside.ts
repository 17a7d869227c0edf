import { closeSync } from "node:fs";
import { constants } from "node:os";
import { systemClock } from "../base/clock.ts";
import { withSystemPath } from "../base/environment.ts";
import { reason } from "../base/errors.ts";
import { later } from "../base/time.ts";
import { openMemoryFile, readMemoryFile } from "../ffi/memory-file.ts";
import { sendSignal } from "../ffi/send-signal.ts";
import { formatVariables, ProgramMissing, StartGivenUp, spawnProgram } from "../ffi/spawn.ts";
import type { ProgramResult } from "./run-program.ts";

const outOfTime = "it ran out of time";

export interface RunBesideOptions {
  /** Milliseconds, after which the program is killed (30,000). Its start counts, too. */
  readonly timeout?: number;
  /** What the program reads from standard input. */
  readonly input?: string;
  /** Kills the program, with what it started. */
  readonly signal?: AbortSignal;
  /** A descriptor that the program gets as its number 3. */
  readonly hold?: number;
  /** Gets the number of the process when it runs. */
  readonly started?: (pid: number) => void;
}

/**
 * Runs a program as `runProgram`, and keeps this thread from waiting for its start: a program may be on a
 * disk that hangs. What it prints is kept in memory. Never throws.
 */
export async function runBeside(
  [file = "", ...args]: readonly string[],
  { timeout = 30_000, input, signal: cancel, hold, started }: RunBesideOptions = {},
): Promise<ProgramResult> {
  const files: number[] = [];
  const open = (text: string) => {
    const fd = openMemoryFile(`sesame-${file}`, text);
    files.push(fd);
    return fd;
  };
  const late = new AbortController();
  let pid: number | undefined;
  const end = () => {
    late.abort();
    // It leads a group of its own, with all that it started.
    if (pid !== undefined) sendSignal(-pid, "SIGKILL");
  };
  const { now, wakeAt } = systemClock;
  const relax = wakeAt(later(now(), timeout), end);
  cancel?.addEventListener("abort", end);
  try {
    const [stdout, stderr] = [open(""), open("")];
    const env = withSystemPath(process.env);
    const job = {
      ...{ file, args, env: formatVariables(env), path: env["PATH"] ?? "" },
      ...{ stdout, stderr, hold, ...(input !== undefined && { stdin: open(input) }) },
    };
    const child = await spawnProgram(job, { isUrgent: true, signal: late.signal });
    pid = child.pid;
    started?.(pid);
    const { status, signal } = await child.ended;
    const isLate = late.signal.aborted;
    const code = isLate ? 124 : (status ?? 128 + numberOf(signal));
    const ending = isLate ? outOfTime : signal === undefined ? "" : `killed by ${signal}`;
    return { code, stdout: readMemoryFile(stdout), stderr: readMemoryFile(stderr) || ending };
  } catch (error) {
    if (error instanceof StartGivenUp) return { code: 124, stdout: "", stderr: outOfTime };
    const code = error instanceof ProgramMissing ? 127 : 126;
    return { code, stdout: "", stderr: reason(error) };
  } finally {
    relax();
    cancel?.removeEventListener("abort", end);
    for (const fd of files) closeSync(fd);
  }
}

function numberOf(signal: string): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0;
}

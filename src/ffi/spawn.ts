// posix_spawnp(3): starting a program takes the same short time however much memory this process has.
// Node copies all its page tables for it (fork): 0.6 ms at rest, and 5 ms in a flood, measured.
import { constants } from "node:os";
import { KnockError } from "../base/errors.ts";
import koffi from "./koffi.ts";
import * as libc from "./libc.ts";
import { whenReadable } from "./readable.ts";
import { sendSignal } from "./send-signal.ts";
import type { SpawnJob, SpawnResult } from "./spawn-job.ts";
import { startProgram } from "./spawner.ts";

// Of the generic system call table.
const SYS_pidfd_open = 434;
const WNOHANG = 1;
const ENOENT = 2;

const library = koffi.load("libc.so.6");
const syscall: (number: number, first: number, second: number) => number = library.func(
  "long syscall(long, long, long)",
);
const waitpid: (pid: number, status: Int32Array, options: number) => number = library.func(
  "int waitpid(int, void *, int)",
);

/** How a program ended. */
export type Exit =
  | { readonly status: number; readonly signal: undefined }
  | { readonly status: undefined; readonly signal: string };

/** A program that runs. */
export interface SpawnedProcess {
  readonly pid: number;
  /** Fulfilled when it has ended. */
  readonly ended: Promise<Exit>;
}

/** How to start a program. */
export interface SpawnOptions {
  /** What is not urgent leaves threads for it. */
  readonly isUrgent?: boolean;
  /** The program is not wanted any more, if it has not started yet. */
  readonly signal?: AbortSignal;
}

/** Returns an environment as a job has it. */
export function formatVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** Tells that there is no such program. */
export class ProgramMissing extends KnockError {}

/** Tells that a program was given up before it started. */
export class StartGivenUp extends Error {}

/**
 * Starts a program in a session of its own, with nothing on its standard input and this process's
 * standard output and error, unless the job names others. Fulfilled when it runs; meanwhile this thread
 * goes on. Rejected with SYSTEM, or with `StartGivenUp` by `signal`: what starts all the same is killed.
 */
export async function spawnProgram(
  job: SpawnJob,
  { isUrgent = false, signal }: SpawnOptions = {},
): Promise<SpawnedProcess> {
  const { file, args, env } = job;
  const odd = [file, ...args, ...env].find((text) => text.includes("\0"));
  if (odd !== undefined) {
    throw new KnockError("SYSTEM", `cannot start ${file}: a NUL byte in its arguments`);
  }
  if (signal?.aborted) throw new StartGivenUp();
  const { result: starting, giveUp } = startProgram(job, isUrgent);
  const result = await untilAborted(starting, signal);
  if (result === undefined) {
    giveUp();
    void starting.then(endLate, () => {});
    throw new StartGivenUp();
  }
  if ("errno" in result) {
    const error = libc.systemError("SYSTEM", `cannot start ${file}`, result.errno);
    throw result.errno === ENOENT ? new ProgramMissing("SYSTEM", error.message) : error;
  }
  return { pid: result.pid, ended: waitFor(result.pid) };
}

/** Resolves to undefined if `signal` is aborted first. */
async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal === undefined) return promise;
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  return Promise.race([promise, aborted]);
}

/** Ends what has started after it was given up. */
function endLate(result: SpawnResult): void {
  if ("errno" in result) return;
  // It may have been killed before it had a group of its own.
  for (const target of [-result.pid, result.pid]) sendSignal(target, "SIGKILL");
  void waitFor(result.pid);
}

/**
 * How often a child is asked for that no descriptor could be had of, or that has none, as before Linux 5.3:
 * milliseconds.
 */
const interval = 50;

/** A child that has ended keeps its number until it is waited for, so the descriptor is that child's. */
function waitFor(pid: number): Promise<Exit> {
  const fd = syscall(SYS_pidfd_open, pid, 0);
  return new Promise((resolve) => {
    if (fd < 0) {
      askAgain(pid, resolve);
      return;
    }
    const stop = whenReadable(fd, () => {
      stop();
      libc.close(fd);
      const status = new Int32Array(1);
      waitpid(pid, status, 0);
      resolve(decode(status[0] ?? 0));
    });
  });
}

/** Reaps a child that has ended, if it has; its status is lost. */
export function reapChild(pid: number): void {
  waitpid(pid, new Int32Array(1), WNOHANG);
}

/** It runs already, whatever this process is out of. */
function askAgain(pid: number, resolve: (exit: Exit) => void): void {
  const status = new Int32Array(1);
  const isOver = waitpid(pid, status, WNOHANG) !== 0;
  if (isOver) resolve(decode(status[0] ?? 0));
  else setTimeout(() => askAgain(pid, resolve), interval);
}

/** wait(2): the low seven bits are a signal, or 0 if it ended by itself; then the second byte counts. */
function decode(status: number): Exit {
  const signal = status & 0x7f;
  if (signal === 0) return { status: (status >> 8) & 0xff, signal: undefined };
  const [name = `signal ${signal}`] =
    Object.entries(constants.signals).find(([, number]) => number === signal) ?? [];
  return { status: undefined, signal: name };
}

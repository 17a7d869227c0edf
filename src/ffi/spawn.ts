// posix_spawnp(3): starting a program takes the same short time however much memory this process has.
// Node copies all its page tables for it (fork): 0.6 ms at rest, and 5 ms in a flood, measured.
import { constants } from "node:os";
import koffi from "koffi";
import { KnockError } from "../base/errors.ts";
import * as libc from "./libc.ts";
import { whenReadable } from "./readable.ts";
import type { SpawnJob } from "./spawn-thread.ts";
import { startProgram } from "./spawner.ts";

// Of the generic system call table.
const SYS_pidfd_open = 434;
const WNOHANG = 1;

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

let known: boolean | undefined;

/** Can this kernel tell when a process ends by a descriptor (Linux 5.3)? */
export function canSpawn(): boolean {
  if (known !== undefined) return known;
  const fd = syscall(SYS_pidfd_open, process.pid, 0);
  if (fd >= 0) libc.close(fd);
  known = fd >= 0;
  return known;
}

/**
 * Starts a program in a session of its own, with nothing on its standard input, and this process's
 * standard output and error. Fulfilled when it runs; meanwhile this thread goes on. Ask `canSpawn`
 * before. Rejected with SYSTEM.
 */
export async function spawnProgram(job: SpawnJob): Promise<SpawnedProcess> {
  const { file, args, env } = job;
  const odd = [file, ...args, ...env].find((text) => text.includes("\0"));
  if (odd !== undefined) {
    throw new KnockError("SYSTEM", `cannot start ${file}: a NUL byte in its arguments`);
  }
  const result = await startProgram(job);
  if ("errno" in result) throw libc.systemError("SYSTEM", `cannot start ${file}`, result.errno);
  return { pid: result.pid, ended: waitFor(result.pid) };
}

/** How often a child is asked for that no descriptor could be had of: milliseconds. */
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

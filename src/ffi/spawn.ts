// posix_spawnp(3): starting a program takes the same short time however much memory this process has.
// Node copies all its page tables for it (fork): 0.6 ms at rest, and 5 ms in a flood, measured.
import { constants } from "node:os";
import koffi from "koffi";
import { KnockError } from "../base/errors.ts";
import * as libc from "./libc.ts";
import { whenReadable } from "./readable.ts";

// Of glibc's spawn.h and the generic system call table.
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const O_RDONLY = 0;
const SYS_pidfd_open = 434;
const WNOHANG = 1;

const library = koffi.load("libc.so.6");
const posixSpawn: (
  pid: Int32Array,
  file: string,
  actions: Uint8Array,
  attributes: Uint8Array,
  argv: readonly (string | null)[],
  envp: readonly (string | null)[],
) => number = library.func(
  "int posix_spawnp(void *, const char *, const void *, const void *, const char **, const char **)",
);
const initActions: (actions: Uint8Array) => number = library.func(
  "int posix_spawn_file_actions_init(void *)",
);
const destroyActions: (actions: Uint8Array) => number = library.func(
  "int posix_spawn_file_actions_destroy(void *)",
);
const addOpen: (
  actions: Uint8Array,
  fd: number,
  path: string,
  flags: number,
  mode: number,
) => number = library.func(
  "int posix_spawn_file_actions_addopen(void *, int, const char *, int, unsigned int)",
);
const addDup2: (actions: Uint8Array, from: number, to: number) => number = library.func(
  "int posix_spawn_file_actions_adddup2(void *, int, int)",
);
const initAttributes: (attributes: Uint8Array) => number = library.func(
  "int posix_spawnattr_init(void *)",
);
const setFlags: (attributes: Uint8Array, flags: number) => number = library.func(
  "int posix_spawnattr_setflags(void *, short)",
);
const setDefaultSignals: (attributes: Uint8Array, signals: Uint8Array) => number = library.func(
  "int posix_spawnattr_setsigdefault(void *, const void *)",
);
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

/** Larger than the C structures on every architecture. */
const structure = 1024;

let attributes: Uint8Array | undefined;

/** A session of its own, no signal blocked or ignored. */
function defaults(): Uint8Array {
  if (attributes !== undefined) return attributes;
  const made = new Uint8Array(structure);
  initAttributes(made);
  setFlags(made, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  setDefaultSignals(made, new Uint8Array(128).fill(255));
  attributes = made;
  return made;
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
 * standard output and error. Ask `canSpawn` before. Throws SYSTEM.
 *
 * @param file its path, or a name to look for in this process's PATH
 * @param args without its name, which is `file`
 * @param env the whole environment: `NAME=value`
 * @param hold a descriptor that it gets as its number 3
 */
export function spawnProgram(
  file: string,
  args: readonly string[],
  env: readonly string[],
  hold: number | undefined,
): SpawnedProcess {
  const odd = [file, ...args, ...env].find((text) => text.includes("\0"));
  if (odd !== undefined)
    throw new KnockError("SYSTEM", `cannot start ${file}: a NUL byte in its arguments`);
  const actions = new Uint8Array(structure);
  initActions(actions);
  try {
    addOpen(actions, 0, "/dev/null", O_RDONLY, 0);
    // Onto itself: Node has told the kernel to close them at exec, and this takes it back (glibc 2.29).
    for (const fd of [1, 2]) addDup2(actions, fd, fd);
    if (hold !== undefined) addDup2(actions, hold, 3);
    const pid = new Int32Array(1);
    const argv = [file, ...args, null];
    const failure = posixSpawn(pid, file, actions, defaults(), argv, [...env, null]);
    if (failure !== 0) throw libc.systemError("SYSTEM", `cannot start ${file}`, failure);
    return { pid: pid[0] ?? 0, ended: waitFor(pid[0] ?? 0) };
  } finally {
    destroyActions(actions);
  }
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

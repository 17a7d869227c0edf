import type * as fs from "node:fs";
import type * as threads from "node:worker_threads";

/** A program to start. */
export interface SpawnJob {
  /** Its path, or a name to look for in `path`. */
  readonly file: string;
  /** Without its name, which is `file`. */
  readonly args: readonly string[];
  /** The whole environment: `NAME=value`. */
  readonly env: readonly string[];
  /** Folders, separated by colons; this process's PATH by default. */
  readonly path?: string;
  /** What the program reads, from the beginning; by default nothing. */
  readonly stdin?: number;
  /** Where the program writes; by default where this process does. */
  readonly stdout?: number;
  readonly stderr?: number;
  /** A descriptor that the program gets as its number 3. All of them stay open until it has started. */
  readonly hold: number | undefined;
}

/** A job that several threads may know of. */
export interface SpawnRequest {
  readonly id: number;
  readonly job: SpawnJob;
  /** Shared memory: 0, the number of the thread that starts the program, or -1: no thread may. */
  readonly claim: Int32Array;
}

/** The number of the process, or the errno that says why there is none. */
export type SpawnResult = { readonly pid: number } | { readonly errno: number };

/** What a thread says: its number in the system when it waits for requests, then the result of each that it has claimed. */
export type SpawnAnswer =
  | { readonly tid: number }
  | { readonly id: number; readonly result: SpawnResult };

/** As `require` and `koffi` have them; the code of a thread cannot import. */
type Load = (name: string) => unknown;
type Koffi = Pick<typeof import("koffi").default, "load">;

/**
 * The code of a thread that starts programs by posix_spawnp(3), one after the other. It runs from its
 * text, since an executable has no files: it may use nothing from outside the function.
 */
export function runSpawnThread(load: Load): void {
  // Of glibc's spawn.h.
  const POSIX_SPAWN_SETSIGDEF = 0x04;
  const POSIX_SPAWN_SETSIGMASK = 0x08;
  const POSIX_SPAWN_SETSID = 0x80;
  const O_RDONLY = 0;
  const ENOENT = 2;
  const EACCES = 13;
  const ENOTDIR = 20;
  /** Larger than the C structures on every architecture. */
  const structure = 1024;

  const { parentPort, threadId, workerData } = load("node:worker_threads") as typeof threads;
  const { readlinkSync } = load("node:fs") as typeof fs;
  const library = (load(workerData) as Koffi).load("libc.so.6");
  const posixSpawn = library.func(
    "int posix_spawnp(void *, const char *, const void *, const void *, const char **, const char **)",
  );
  const initActions = library.func("int posix_spawn_file_actions_init(void *)");
  const destroyActions = library.func("int posix_spawn_file_actions_destroy(void *)");
  const addOpen = library.func(
    "int posix_spawn_file_actions_addopen(void *, int, const char *, int, unsigned int)",
  );
  const addDup2 = library.func("int posix_spawn_file_actions_adddup2(void *, int, int)");
  const initAttributes = library.func("int posix_spawnattr_init(void *)");
  const setFlags = library.func("int posix_spawnattr_setflags(void *, short)");
  const setDefaultSignals = library.func("int posix_spawnattr_setsigdefault(void *, const void *)");

  /** A session of its own, no signal blocked or ignored. */
  const attributes = new Uint8Array(structure);
  initAttributes(attributes);
  setFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  setDefaultSignals(attributes, new Uint8Array(128).fill(255));

  function start({ file, args, env, path, stdin, stdout, stderr, hold }: SpawnJob): SpawnResult {
    const actions = new Uint8Array(structure);
    initActions(actions);
    try {
      // A new opening of the same file begins at its start.
      const input = stdin === undefined ? "/dev/null" : `/proc/self/fd/${stdin}`;
      addOpen(actions, 0, input, O_RDONLY, 0);
      // Onto itself: Node has told the kernel to close them at exec, and this takes it back (glibc 2.29).
      addDup2(actions, stdout ?? 1, 1);
      addDup2(actions, stderr ?? 2, 2);
      if (hold !== undefined) addDup2(actions, hold, 3);
      const pid = new Int32Array(1);
      const argv = [file, ...args, null];
      const isName = path !== undefined && !file.includes("/");
      const found = isName ? path.split(":").map((folder) => `${folder}/${file}`) : [file];
      let wasDenied = false;
      // As execvp(3): a folder or a program that is not for this user is passed over, and remembered.
      for (const one of found) {
        const errno = posixSpawn(pid, one, actions, attributes, argv, [...env, null]);
        if (errno === 0) return { pid: pid[0] ?? 0 };
        if (errno === EACCES) wasDenied = true;
        else if (errno !== ENOENT && errno !== ENOTDIR) return { errno };
      }
      return { errno: wasDenied ? EACCES : ENOENT };
    } finally {
      destroyActions(actions);
    }
  }

  const answer = (what: SpawnAnswer) => parentPort?.postMessage(what);
  parentPort?.on("message", (request: SpawnRequest | "end") => {
    if (request === "end") {
      parentPort.close();
      return;
    }
    const { id, job, claim } = request;
    if (Atomics.compareExchange(claim, 0, 0, threadId) !== 0) return;
    answer({ id, result: start(job) });
  });
  // Nothing is started, but all of this has run once when a program is.
  start({ file: "/", args: [], env: [], hold: undefined });
  answer({ tid: Number(readlinkSync("/proc/thread-self").split("/").at(-1)) });
}

// posix_spawnp(3), for the main thread and for threads.
import type { SpawnJob, SpawnResult } from "./spawn-job.ts";

type Koffi = Pick<typeof import("koffi").default, "load">;

/** The arguments of posix_spawnp(3). */
export type SpawnArguments = readonly [
  pid: Int32Array,
  file: string,
  actions: Uint8Array,
  attributes: Uint8Array,
  argv: readonly (string | null)[],
  env: readonly (string | null)[],
];

/** One start of a program: yields the arguments of each call, takes its errno, and returns the result. */
export type SpawnStart = Generator<SpawnArguments, SpawnResult, number>;

/**
 * Returns posix_spawnp(3), and a function that begins a start. Threads have this function as a text: it may use
 * nothing from outside.
 */
export function loadSpawnCalls(koffi: Koffi): {
  readonly posixSpawn: ReturnType<ReturnType<Koffi["load"]>["func"]>;
  readonly start: (job: SpawnJob) => SpawnStart;
} {
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

  const library = koffi.load("libc.so.6");
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

  function* start(job: SpawnJob): SpawnStart {
    const { file, args, env, path, stdin, stdout, stderr, hold } = job;
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
        const errno = yield [pid, one, actions, attributes, argv, [...env, null]];
        if (errno === 0) return { pid: pid[0] ?? 0 };
        if (errno === EACCES) wasDenied = true;
        else if (errno !== ENOENT && errno !== ENOTDIR) return { errno };
      }
      return { errno: wasDenied ? EACCES : ENOENT };
    } finally {
      destroyActions(actions);
    }
  }

  return { posixSpawn, start };
}

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

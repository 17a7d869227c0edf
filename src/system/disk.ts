import * as fs from "node:fs";
import { promisify } from "node:util";
import type { Clock } from "../base/clock.ts";
import { expireAt, systemClock } from "../base/clock.ts";
import { isErrno } from "../base/errors.ts";
import { later } from "../base/time.ts";
import { exitAtOnce } from "../ffi/libc.ts";

/** How long a disk may take: milliseconds. One that takes longer has failed. */
const patience = 2000;

/** A disk has not ended an operation in time. */
export class LateDiskError extends Error {
  constructor() {
    super("the disk has not answered for 2 s");
  }
}

/** Operations on files, off the main thread: each takes as long as its disk. They reject with the system's error. */
export interface Disk {
  /** `flags` as for open(2), or as Node names them. */
  readonly open: (path: string, flags: string | number, mode?: number) => Promise<number>;
  /** Writes all bytes; at the end of the file if it was opened for appending and `position` is null. */
  readonly write: (fd: number, bytes: Uint8Array, position: number | null) => Promise<void>;
  /** fdatasync(2) */
  readonly syncData: (fd: number) => Promise<void>;
  /** fsync(2) */
  readonly sync: (fd: number) => Promise<void>;
  readonly close: (fd: number) => Promise<void>;
  readonly chown: (fd: number, uid: number, gid: number) => Promise<void>;
  readonly chmod: (fd: number, mode: number) => Promise<void>;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly stat: (path: string) => Promise<fs.Stats>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly unlink: (path: string) => Promise<void>;
  readonly readDirectory: (path: string) => Promise<string[]>;
  /** Makes a directory and those above it, where they are not there. */
  readonly makeDirectory: (path: string, mode: number) => Promise<void>;
}

const write = promisify(fs.write);
const makeDirectory = promisify(fs.mkdir);

export const systemDisk: Disk = {
  open: promisify<string, string | number, number | undefined, number>(fs.open),
  async write(fd, bytes, position) {
    const { bytesWritten } = await write(fd, bytes, 0, bytes.length, position);
    if (bytesWritten < bytes.length) {
      throw Object.assign(new Error("no space left on the device"), { code: "ENOSPC" });
    }
  },
  syncData: promisify(fs.fdatasync),
  sync: promisify(fs.fsync),
  close: promisify(fs.close),
  chown: promisify(fs.fchown),
  chmod: promisify(fs.fchmod),
  readFile: promisify<string, Buffer>(fs.readFile),
  stat: promisify<string, fs.Stats>(fs.stat),
  rename: promisify(fs.rename),
  unlink: promisify(fs.unlink),
  readDirectory: promisify<string, string[]>(fs.readdir),
  async makeDirectory(path, mode) {
    await makeDirectory(path, { recursive: true, mode });
  },
};

/** How many operations have not ended. `undefined`: there was none yet. */
let underWay: number | undefined;

/**
 * Resolves as `operation` does. While one is under way the process ends without waiting for Node's
 * threads, of which one may hang.
 */
export async function track<T>(operation: Promise<T>): Promise<T> {
  if (underWay === undefined) {
    process.on("exit", (code) => {
      if (underWay !== 0) exitAtOnce(code);
    });
  }
  underWay = (underWay ?? 0) + 1;
  try {
    return await operation;
  } finally {
    underWay--;
  }
}

/** Calls `onLate` once the disk takes too long. The returned function prevents it. */
export function whenLate(onLate: () => void, clock: Clock): () => void {
  return expireAt(clock, later(clock.now(), patience), onLate);
}

/** Resolves as `operation` does. Rejects if the disk takes too long. */
export async function inTime<T>(operation: Promise<T>, clock: Clock = systemClock): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = whenLate(() => reject(new LateDiskError()), clock);
  });
  try {
    return await Promise.race([track(operation), late]);
  } finally {
    cancel();
  }
}

/** Resolves to undefined if the file of `access` does not exist. */
export async function ifThere<T>(access: Promise<T>): Promise<T | undefined> {
  try {
    return await access;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

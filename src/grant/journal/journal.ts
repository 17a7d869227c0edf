import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { KnockError, reason } from "../../base/errors.ts";
import { readIfThere, syncDirectory } from "../../system/files.ts";
import { formatLine, readJournal } from "./journal-format.ts";

/** Makes what was written to a descriptor durable. */
export type Sync = (fd: number) => Promise<void>;

/** Bytes reserved on the disk, so that a full one does not matter: at least some 5,000 lines. */
const reserved = 1 << 20;

/** Bytes of the reserve that are left when the journal is long: compacting may fail on a full disk. */
const spare = reserved / 2;

const lineEnd = 0x0a;

/** What a journal held when it was opened. */
export interface OpenedJournal<Value> {
  readonly journal: Journal<Value>;
  /** The values of all sound lines, oldest first; unchecked. */
  readonly values: readonly unknown[];
  /** One text for each part that cannot be read, or could not without a correction. */
  readonly damage: readonly string[];
  /** How many whole lines cannot be read. */
  readonly lost: number;
}

/**
 * A write-ahead journal on the disk. What was committed is there after a power cut; what was only
 * appended is there after a crash of this process.
 *
 * @typeParam Value what a line holds: anything that JSON can write
 */
export class Journal<Value> {
  readonly path: string;
  readonly #syncFile: Sync;
  #fd: number;
  /** Bytes used, and bytes reserved. */
  #end: number;
  #size: number;
  /** `#end` beyond which the journal is long. */
  #longAt: number;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, fd: number, end: number, size: number, sync: Sync) {
    this.#syncFile = sync;
    this.path = path;
    this.#fd = fd;
    this.#end = end;
    this.#size = size;
    this.#longAt = size - spare;
  }

  /** Reads a journal, whether it can be written or not. Throws SYSTEM. */
  static read(path: string): Omit<OpenedJournal<unknown>, "journal"> {
    try {
      return readJournal(readIfThere(path) ?? new Uint8Array());
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** Opens and reads a journal, or creates one. Throws SYSTEM. */
  static open<Value>(path: string, sync: Sync = promisify(fdatasync)): OpenedJournal<Value> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const bytes = readIfThere(path) ?? new Uint8Array();
      const { values, damage, lost, end } = readJournal(bytes);
      const size = Math.max(reserved, bytes.length);
      const fd = openForWriting(path);
      // A wrong bit in the end of the last line was corrected: what is appended must not join that line.
      if (end > 0 && bytes[end - 1] !== lineEnd) writeAll(fd, Uint8Array.of(lineEnd), end - 1);
      const journal = new Journal<Value>(path, fd, end, size, sync);
      return { journal, values, damage, lost };
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** Returns whether enough has been written for `compact` to be worth while. */
  get isLong(): boolean {
    return this.#end > this.#longAt;
  }

  /** Appends a line, which survives this process. Throws SYSTEM; then nothing was appended. */
  append(value: Value): void {
    const line = Buffer.from(formatLine(value));
    try {
      // The next line overwrites a part that was written; a reader takes it for cut off.
      writeAll(this.#fd, line, this.#end);
      this.#end += line.length;
    } catch (error) {
      throw failure("write to", this.path, error);
    }
  }

  /** Resolves when all lines so far are durable. Concurrent calls share one sync. Throws SYSTEM. */
  async commit(): Promise<void> {
    // A sync that is under way may have begun before the last line was written.
    await this.#syncing?.catch(() => {});
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined;
    });
    try {
      await this.#syncing;
    } catch (error) {
      throw failure("commit", this.path, error);
    }
  }

  async #sync(): Promise<void> {
    const fd = this.#fd;
    try {
      await this.#syncFile(fd);
    } catch (error) {
      // Otherwise a file that is durable has replaced it meanwhile.
      if (fd === this.#fd) throw error;
    }
  }

  /** Replaces all lines atomically: a crash leaves the old file or the new one. Throws SYSTEM. */
  compact(values: readonly Value[]): void {
    const text = Buffer.from(values.map(formatLine).join(""));
    // Room for as many new lines as there are old ones, and the spare.
    const size = Math.max(reserved, 2 * text.length + spare);
    const draft = `${this.path}.new`;
    let fd: number | undefined;
    try {
      fd = openSync(draft, "w+", 0o600);
      writeAll(fd, text, 0);
      reserve(fd, text.length, size);
      fsyncSync(fd);
      renameSync(draft, this.path);
    } catch (error) {
      if (fd !== undefined) discard(fd, draft);
      // The next attempt is worth while when half of the rest is used, too.
      this.#longAt = (this.#end + this.#size) / 2;
      throw failure("rewrite", this.path, error);
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#end = text.length;
    this.#size = size;
    this.#longAt = size - spare;
    try {
      syncDirectory(dirname(this.path));
    } catch (error) {
      throw failure("rewrite", this.path, error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Removes a draft that failed: on a full disk it takes room. */
function discard(fd: number, path: string): void {
  closeSync(fd);
  try {
    unlinkSync(path);
  } catch {
    // The next draft replaces it.
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  if (written < bytes.length) {
    throw Object.assign(new Error("no space left on the device"), { code: "ENOSPC" });
  }
}

/** Writes zeros from `start` up to `end` in pieces: one buffer would keep a megabyte of memory. */
function reserve(fd: number, start: number, end: number): void {
  const zeros = new Uint8Array(1 << 16);
  for (let at = start; at < end; at += zeros.length) {
    writeAll(fd, zeros.subarray(0, end - at), at);
  }
}

function failure(what: string, path: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot ${what} the journal ${path}: ${reason(cause)}`, {
    cause,
  });
}

/** Opens without O_APPEND: lines are written at their place, into the reserved room. */
function openForWriting(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

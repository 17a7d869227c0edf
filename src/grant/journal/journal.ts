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

const sync = promisify(fdatasync);

/** What is reserved on the disk, so that a full one cannot stop us: some 5,000 lines at least, in bytes. */
const reserved = 1 << 20;

/** So much of that is left when it is time to throw out what is over: a full disk may not let us. In bytes. */
const spare = reserved / 2;

/** What a journal held when it was opened. */
export interface OpenedJournal<Value> {
  readonly journal: Journal<Value>;
  /** All that could be read, oldest first; unchecked. */
  readonly values: readonly unknown[];
  /** What could not: a line each. */
  readonly damage: readonly string[];
}

/**
 * A write-ahead journal on the disk. What was committed is there after a power cut; what was only
 * appended is there after a crash of this process.
 *
 * @typeParam Value what a line holds: anything that JSON can write
 */
export class Journal<Value> {
  readonly path: string;
  #fd: number;
  /** How many bytes are used, and how many there are. */
  #end: number;
  #size: number;
  /** From where on it is long. */
  #longAt: number;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, fd: number, end: number, size: number) {
    this.path = path;
    this.#fd = fd;
    this.#end = end;
    this.#size = size;
    this.#longAt = size - spare;
  }

  /** What a journal holds, whether it can be written or not. Throws SYSTEM. */
  static read(path: string): Omit<OpenedJournal<unknown>, "journal"> {
    try {
      return readJournal(readIfThere(path) ?? new Uint8Array());
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** Opens a journal and reads what is in it, or begins one. Throws SYSTEM. */
  static open<Value>(path: string): OpenedJournal<Value> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const bytes = readIfThere(path) ?? new Uint8Array();
      const { values, damage, end } = readJournal(bytes);
      const size = Math.max(reserved, bytes.length);
      const journal = new Journal<Value>(path, openForWriting(path), end, size);
      return { journal, values, damage };
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** True when enough has been written for `compact` to be worth while. */
  get isLong(): boolean {
    return this.#end > this.#longAt;
  }

  /** Adds a line, which survives this process from now on. Throws SYSTEM, and then nothing was added. */
  append(value: Value): void {
    const line = Buffer.from(formatLine(value));
    try {
      // A part that was written is overwritten by the next line, or found to be cut off.
      writeAll(this.#fd, line, this.#end);
      this.#end += line.length;
    } catch (error) {
      throw failure("write to", this.path, error);
    }
  }

  /** Fulfilled when all lines so far are on the disk. Those who ask at the same time share one sync. */
  async commit(): Promise<void> {
    // One that is under way may have begun before the last line was there.
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
      await sync(fd);
    } catch (error) {
      // Replaced meanwhile, by a file that is on the disk.
      if (fd === this.#fd) throw error;
    }
  }

  /** Replaces everything by these values in one step: a crash leaves the old file or the new one. Throws SYSTEM. */
  compact(values: readonly Value[]): void {
    const text = Buffer.from(values.map(formatLine).join(""));
    // As many new lines as there are old ones, and what is spare.
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
      // The next attempt is worth while when half of what is left is used, too.
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

/** On a full disk a file that came to nothing is in the way. */
function discard(fd: number, path: string): void {
  closeSync(fd);
  try {
    unlinkSync(path);
  } catch {
    // The next one takes its place.
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, position);
  if (written < bytes.length) {
    throw Object.assign(new Error("no space left on the device"), { code: "ENOSPC" });
  }
}

/** Zeros from `start` up to `end`, piece by piece: as one they would be a megabyte of memory at rest. */
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

/** Not to append: lines are written at their place, into the room that is reserved. */
function openForWriting(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

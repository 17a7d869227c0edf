import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { KnockError, reason } from "../base/errors.ts";
import { formatLine, readJournal } from "./journal-format.ts";

const sync = promisify(fdatasync);

/** What is reserved on the disk, so that a full one cannot stop us: some 5,000 lines, in bytes. */
const reserved = 1 << 20;

/** The part of it that is used before what is over gets thrown out. */
const compactAt = reserved / 2;

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
  #end: number;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, fd: number, end: number) {
    this.path = path;
    this.#fd = fd;
    this.#end = end;
  }

  /** Opens a journal and reads what is in it, or begins one. Throws SYSTEM. */
  static open<Value>(path: string): OpenedJournal<Value> {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { values, damage, end } = readJournal(readIfThere(path));
      const journal = new Journal<Value>(path, openForWriting(path), end);
      return { journal, values, damage };
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** True when enough has been written for `compact` to be worth while. */
  get isLong(): boolean {
    return this.#end > compactAt;
  }

  /** Adds a line, which survives this process from now on. Throws SYSTEM, and then nothing was added. */
  append(value: Value): void {
    const line = Buffer.from(formatLine(value));
    try {
      const written = writeSync(this.#fd, line, 0, line.length, this.#end);
      // The part that was written is overwritten by the next line, or found to be cut off.
      if (written < line.length) throw new Error("no space left");
      this.#end += line.length;
    } catch (error) {
      throw failure("write to", this.path, error);
    }
  }

  /** Fulfilled when all lines so far are on the disk. Those who ask at the same time share one sync. */
  async commit(): Promise<void> {
    // One that is under way may have begun before the last line was there.
    await this.#syncing?.catch(() => {});
    this.#syncing ??= sync(this.#fd).finally(() => {
      this.#syncing = undefined;
    });
    try {
      await this.#syncing;
    } catch (error) {
      throw failure("commit", this.path, error);
    }
  }

  /** Replaces everything by these values in one step: a crash leaves the old file or the new one. Throws SYSTEM. */
  compact(values: readonly Value[]): void {
    const text = Buffer.from(values.map(formatLine).join(""));
    const room = Buffer.alloc(Math.max(0, reserved - text.length));
    let fd: number | undefined;
    try {
      fd = openSync(`${this.path}.new`, "w+", 0o600);
      writeSync(fd, Buffer.concat([text, room]));
      fsyncSync(fd);
      renameSync(`${this.path}.new`, this.path);
      syncDirectory(dirname(this.path));
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      throw failure("rewrite", this.path, error);
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#end = text.length;
  }

  close(): void {
    closeSync(this.#fd);
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

function readIfThere(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Uint8Array();
    throw error;
  }
}

/** A rename is only as durable as its directory. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

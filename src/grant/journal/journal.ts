import { constants } from "node:fs";
import { dirname } from "node:path";
import { KnockError, reason } from "../../base/errors.ts";
import type { Disk } from "../../system/disk.ts";
import { ifThere, systemDisk } from "../../system/disk.ts";
import type { ReadJournal } from "./journal-format.ts";
import { formatLine, readJournal } from "./journal-format.ts";

/** Bytes reserved on the disk, so that a full one does not matter: at least some 5,000 lines. A shorter file was cut off. */
export const reserved: number = 1 << 20;

/** Bytes of the reserve that are left when the journal is long: compacting may fail on a full disk. */
const spare = reserved / 2;

const lineEnd = 0x0a;

/** What a file holds that is to be opened. */
export interface JournalContents extends ReadJournal {
  readonly bytes: Uint8Array;
}

/**
 * A write-ahead journal on the disk. What was committed is there after a power cut; what was only
 * appended is there after a crash of this process. Its methods take as long as the disk; one at a time
 * may be under way.
 *
 * @typeParam Value what a line holds: anything that JSON can write
 */
export class Journal<Value> {
  readonly path: string;
  readonly #disk: Disk;
  #fd: number;
  /** Bytes used, and bytes reserved. */
  #end: number;
  #size: number;
  /** Whether the directory has the file durably: a rename is durable with its directory. */
  #isNameDurable = false;
  /** `#end` beyond which the journal is long. */
  #longAt: number;

  private constructor(path: string, fd: number, end: number, size: number, disk: Disk) {
    this.path = path;
    this.#disk = disk;
    this.#fd = fd;
    this.#end = end;
    this.#size = size;
    this.#longAt = size - spare;
  }

  /** Reads a journal, whether it can be written or not. Throws SYSTEM. */
  static async read(path: string, disk: Disk = systemDisk): Promise<JournalContents> {
    try {
      const bytes = (await ifThere(disk.readFile(path))) ?? new Uint8Array();
      return { ...readJournal(bytes), bytes };
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** Opens a journal that holds `contents`, or creates one. Throws SYSTEM. */
  static async open<Value>(
    path: string,
    { bytes, end }: JournalContents,
    disk: Disk = systemDisk,
  ): Promise<Journal<Value>> {
    try {
      await disk.makeDirectory(dirname(path), 0o700);
      // Without O_APPEND: lines are written at their place, into the reserved room.
      const fd = await disk.open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      // A wrong bit in the end of the last line was corrected: what is appended must not join that line.
      if (end > 0 && bytes[end - 1] !== lineEnd) {
        await disk.write(fd, Uint8Array.of(lineEnd), end - 1);
      }
      return new Journal<Value>(path, fd, end, Math.max(reserved, bytes.length), disk);
    } catch (error) {
      throw failure("use", path, error);
    }
  }

  /** Returns whether enough has been written for `rewrite` to be worth while. */
  get isLong(): boolean {
    return this.#end > this.#longAt;
  }

  /** Appends lines, which survive this process. Throws SYSTEM; then nothing was appended. */
  async append(values: readonly Value[]): Promise<void> {
    const lines = Buffer.from(values.map(formatLine).join(""));
    try {
      // The next lines overwrite a part that was written; a reader takes it for cut off.
      await this.#disk.write(this.#fd, lines, this.#end);
      this.#end += lines.length;
    } catch (error) {
      throw failure("write to", this.path, error);
    }
  }

  /** Resolves when all lines so far are durable. Throws SYSTEM. */
  async commit(): Promise<void> {
    try {
      await this.#disk.syncData(this.#fd);
      if (!this.#isNameDurable) await this.#syncDirectory();
    } catch (error) {
      throw failure("commit", this.path, error);
    }
  }

  /**
   * Replaces all lines atomically, and makes that durable: a crash leaves the old file or the new one.
   * Throws SYSTEM; then the old lines or the new ones are there, and the next commit makes that durable.
   */
  async rewrite(values: readonly Value[]): Promise<void> {
    const text = Buffer.from(values.map(formatLine).join(""));
    // Room for as many new lines as there are old ones, and the spare.
    const size = Math.max(reserved, 2 * text.length + spare);
    const draft = `${this.path}.new`;
    let fd: number | undefined;
    try {
      fd = await this.#disk.open(draft, "w+", 0o600);
      await this.#disk.write(fd, text, 0);
      await this.#reserve(fd, text.length, size);
      await this.#disk.sync(fd);
      await this.#disk.rename(draft, this.path);
    } catch (error) {
      if (fd !== undefined) await this.#discard(fd, draft);
      // The next attempt is worth while when half of the rest is used, too.
      this.#longAt = (this.#end + this.#size) / 2;
      throw failure("rewrite", this.path, error);
    }
    this.#isNameDurable = false;
    const before = this.#fd;
    this.#fd = fd;
    this.#end = text.length;
    this.#size = size;
    this.#longAt = size - spare;
    try {
      await this.#disk.close(before);
      await this.#syncDirectory();
    } catch (error) {
      throw failure("rewrite", this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.#disk.close(this.#fd);
  }

  /** Writes zeros from `start` up to `end` in pieces: one buffer would keep a megabyte of memory. */
  async #reserve(fd: number, start: number, end: number): Promise<void> {
    const zeros = new Uint8Array(1 << 16);
    for (let at = start; at < end; at += zeros.length) {
      await this.#disk.write(fd, zeros.subarray(0, end - at), at);
    }
  }

  /** Removes a draft that failed: on a full disk it takes room. */
  async #discard(fd: number, draft: string): Promise<void> {
    try {
      await this.#disk.close(fd);
      await this.#disk.unlink(draft);
    } catch {
      // The next draft replaces it.
    }
  }

  /** Makes a rename survive a power cut. */
  async #syncDirectory(): Promise<void> {
    const directory = await this.#disk.open(dirname(this.path), "r");
    try {
      await this.#disk.sync(directory);
      this.#isNameDurable = true;
    } finally {
      await this.#disk.close(directory);
    }
  }
}

function failure(what: string, path: string, cause: unknown): KnockError {
  return new KnockError("SYSTEM", `cannot ${what} the journal ${path}: ${reason(cause)}`, {
    cause,
  });
}

import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { KnockError, reason } from "../base/errors.ts";

/** The longest piece that can be looked at in one go: bytes. */
export const longestPiece: number = 512 * 1024;

const capacity = 2 * longestPiece;

/** A part of a file that moves from its beginning to its end, in memory that does not grow. */
export class FileWindow {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #bytes = new Uint8Array(capacity);
  /** The bytes that were read, and more behind them: they move when the window does. */
  readonly data: DataView = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  /** Where in the file the first byte of `#bytes` stands. */
  #origin = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Throws CAPTURE. */
  static async open(path: string): Promise<FileWindow> {
    try {
      return new FileWindow(path, await open(path, "r"));
    } catch (error) {
      throw new KnockError("CAPTURE", `cannot read ${path}: ${reason(error)}`, { cause: error });
    }
  }

  /** Where the next byte is in `data`. */
  get start(): number {
    return this.#start;
  }

  /** Where the next byte is in the file, counted from 0. */
  get offset(): number {
    return this.#origin + this.#start;
  }

  /** How many bytes are there without reading. */
  get left(): number {
    return this.#end - this.#start;
  }

  /** True if the next `length` bytes, at most `longestPiece`, are in `data`; false: the file ends before. */
  async has(length: number): Promise<boolean> {
    if (this.left >= length) return true;
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#origin += this.#start;
    this.#end -= this.#start;
    this.#start = 0;
    while (this.#end < length && (await this.#read()));
    return this.#end >= length;
  }

  /** Moves on by `length` bytes, which need not be in the window. False: the file ends before. */
  async skip(length: number): Promise<boolean> {
    let rest = length;
    while (rest > this.left) {
      rest -= this.left;
      this.#start = this.#end;
      if (!(await this.has(1))) return false;
    }
    this.#start += rest;
    return true;
  }

  /** What is wrong with the file, and where: at the next byte, or at `offset`. */
  error(what: string, offset: number = this.offset): KnockError {
    return new KnockError("CAPTURE", `${this.#path}: ${what}, at byte ${offset}`);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** False at the end of the file. */
  async #read(): Promise<boolean> {
    try {
      const space = capacity - this.#end;
      const { bytesRead } = await this.#file.read(this.#bytes, this.#end, space, null);
      this.#end += bytesRead;
      return bytesRead > 0;
    } catch (error) {
      const message = `cannot read ${this.#path}: ${reason(error)}, at byte ${this.#origin + this.#end}`;
      throw new KnockError("CAPTURE", message, { cause: error });
    }
  }
}

import { closeSync, openSync, writeSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";

/** Bytes that wait to be written. A disk that is slower than a flood loses lines, not memory. */
const mostWaiting = 1 << 20;

/**
 * A log file, appended to. Lines are written when the event loop has done what it was at, so that no
 * disk stands between a knock and its door.
 */
export class LogFile {
  readonly path: string;
  #fd: number | undefined;
  #waiting: string[] = [];
  #size = 0;
  #flush: NodeJS.Immediate | undefined;

  /** Opens the file, or makes it. Throws SYSTEM. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, "a", 0o640);
    } catch (error) {
      throw new KnockError("SYSTEM", `cannot open logfile: ${reason(error)}`, { cause: error });
    }
  }

  write(line: string): void {
    if (this.#fd === undefined || this.#size > mostWaiting) return;
    this.#waiting.push(line);
    this.#size += line.length;
    this.#flush ??= setImmediate(() => this.flush());
  }

  /** Writes what waits, now. */
  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const text = this.#waiting.map((line) => `${line}\n`).join("");
    this.#waiting = [];
    this.#size = 0;
    if (text === "" || this.#fd === undefined) return;
    try {
      writeSync(this.#fd, text);
    } catch {
      // A full disk: the lines are lost, and there is no better place to say so.
    }
  }

  close(): void {
    this.flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

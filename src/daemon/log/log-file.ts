import { closeSync, openSync, writeSync } from "node:fs";
import { KnockError, reason } from "../../base/errors.ts";

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
  #lost = 0;

  /** Opens the file, or makes it. Throws SYSTEM. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, "a", 0o640);
    } catch (error) {
      throw new KnockError("SYSTEM", `cannot open logfile: ${reason(error)} (${path})`, {
        cause: error,
      });
    }
  }

  write(line: string): void {
    if (this.#fd === undefined) return;
    if (this.#size > mostWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
    this.#flush ??= setImmediate(() => this.flush());
  }

  /** Writes what waits, now. */
  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const lines = this.#waiting;
    if (lines.length === 0 || this.#fd === undefined) return;
    this.#waiting = [];
    this.#size = 0;
    const note = this.#lost > 0 ? [`(${this.#lost} lines were lost here)`] : [];
    try {
      writeSync(this.#fd, [...note, ...lines, ""].join("\n"));
      this.#lost = 0;
    } catch {
      // A full disk: it is said as soon as something can be written again.
      this.#lost += lines.length;
    }
  }

  close(): void {
    this.flush();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

import { KnockError, reason } from "../../base/errors.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk, track } from "../../system/disk.ts";

/** Bytes that wait to be written. A disk that is slower than a flood, or hangs, loses lines, not memory. */
const mostWaiting = 1 << 20;

export interface LogFileOptions {
  /** Called with SYSTEM if the file cannot be opened. */
  readonly onFailure: (error: KnockError) => void;
  /** The file is opened when this has resolved. */
  readonly after?: Promise<void> | undefined;
  readonly disk?: Disk;
}

/**
 * A log file, appended to. Lines are written in their order and off the main thread, one operation at a
 * time, so that no disk stands between a knock and its door. How many were lost stands in their place.
 */
export class LogFile {
  readonly path: string;
  readonly #disk: Disk;
  #fd: number | undefined;
  #waiting: string[] = [];
  #size = 0;
  #flush: NodeJS.Immediate | undefined;
  #lost = 0;
  #isClosed = false;
  #isBusy = true;
  #busy: Promise<void>;

  /** Opens the file, or makes it. */
  constructor(path: string, { onFailure, after, disk = systemDisk }: LogFileOptions) {
    this.path = path;
    this.#disk = disk;
    this.#busy = this.#open(onFailure, after);
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#size > mostWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
    if (this.#isBusy) return;
    this.#flush ??= setImmediate(() => {
      this.#busy = this.#writeAll();
    });
  }

  /** Writes what waits and closes the file. Resolves when that has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#busy;
    await this.#writeAll();
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) await track(this.#disk.close(fd)).catch(() => {});
  }

  async #open(
    onFailure: LogFileOptions["onFailure"],
    after: LogFileOptions["after"],
  ): Promise<void> {
    await after;
    try {
      this.#fd = await track(this.#disk.open(this.path, "a", 0o640));
    } catch (cause) {
      this.#isClosed = true;
      const message = `cannot open logfile: ${reason(cause)} (${this.path})`;
      onFailure(new KnockError("SYSTEM", message, { cause }));
    }
    await this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    this.#isBusy = true;
    while (this.#fd !== undefined && this.#waiting.length > 0) await this.#writeSome(this.#fd);
    this.#isBusy = false;
  }

  async #writeSome(fd: number): Promise<void> {
    const lines = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    this.#size = 0;
    const note = lost > 0 ? [`(${lost} lines were lost here)`] : [];
    const text = Buffer.from([...note, ...lines, ""].join("\n"));
    try {
      await track(this.#disk.write(fd, text, null));
      this.#lost -= lost;
    } catch {
      // A full disk: it is said as soon as something can be written again.
      this.#lost += lines.length;
    }
  }
}

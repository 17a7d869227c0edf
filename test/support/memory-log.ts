import type { Entry, Log } from "../../src/base/log.ts";

/** A log that keeps its entries. */
export class MemoryLog implements Log {
  readonly entries: Entry[] = [];

  write(entry: Entry): void {
    this.entries.push(entry);
  }

  /** The texts so far, one a line. */
  get texts(): string[] {
    return this.entries.map((entry) => entry.text);
  }
}

import type { Entry } from "../../src/base/log.ts";
import { EagerLog } from "../../src/base/log.ts";

/** A log that keeps its entries. */
export class MemoryLog extends EagerLog {
  readonly entries: Entry[] = [];

  protected add(entry: Entry): void {
    this.entries.push(entry);
  }

  /** The texts so far, one a line. */
  get texts(): string[] {
    return this.entries.map((entry) => entry.text);
  }
}

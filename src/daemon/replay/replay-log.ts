import type { Entry } from "../../base/log.ts";
import { EagerLog } from "../../base/log.ts";

/** Keeps the daemon's entries until the replay takes them. Leaves out the packets: events name them. */
export class ReplayLog extends EagerLog {
  #entries: Entry[] = [];

  protected add(entry: Entry): void {
    if (entry.event !== "packet") this.#entries.push(entry);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Everything since the last time. */
  take(): readonly Entry[] {
    const taken = this.#entries;
    this.#entries = [];
    return taken;
  }
}

import type { Entry, Level, Log } from "../../base/log.ts";
import type { Quota } from "./log-rate-limiter.ts";

/** What is said of a knock that was right and yet opened nothing. */
const failures: readonly string[] = ["overload", "refused", "open-failed"];

/**
 * A log in which failed openings count against the quota: where everybody's packet opens a door (a
 * sequence of one port), everybody's packet can fail.
 */
export class Limited implements Log {
  readonly #log: Log;
  readonly #quota: Quota;

  constructor(log: Log, quota: Quota) {
    this.#log = log;
    this.#quota = quota;
  }

  hears(level: Level): boolean {
    return this.#log.hears?.(level) ?? true;
  }

  write(entry: Entry, wall?: number): void {
    if (failures.includes(entry.event) && this.#quota.admits("further") === undefined) return;
    this.#log.write(entry, wall);
  }
}

import type { Clock } from "../base/clock.ts";
import type { Entry, Level, Log } from "../base/log.ts";
import type { Quota } from "./quota.ts";

/** What is said of a knock that was right and yet opened nothing. */
const failures: readonly string[] = ["overload", "refused", "open-failed"];

/**
 * A log in which failed openings count against the quota: where everybody's packet opens a door (a
 * sequence of one port), everybody's packet can fail.
 */
export class Limited implements Log {
  readonly #log: Log;
  readonly #quota: Quota;
  readonly #clock: Clock;

  constructor(log: Log, quota: Quota, clock: Clock) {
    this.#log = log;
    this.#quota = quota;
    this.#clock = clock;
  }

  hears(level: Level): boolean {
    return this.#log.hears?.(level) ?? true;
  }

  write(entry: Entry, wall: number = this.#clock.wall()): void {
    if (failures.includes(entry.event) && !this.#quota.admits("further", wall)) return;
    this.#log.write(entry, wall);
  }
}

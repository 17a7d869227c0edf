import type { Entry, Level, Log } from "../../base/log.ts";
import type { LogRateLimiter } from "./log-rate-limiter.ts";

/** What is said of a knock that was right and yet opened nothing. */
const failures: readonly string[] = ["overload", "refused", "open-failed"];

/**
 * A log in which failed openings count against the rateLimiter: where everybody's packet opens a door (a
 * sequence of one port), everybody's packet can fail.
 */
export class LimitedLog implements Log {
  readonly #log: Log;
  readonly #rateLimiter: LogRateLimiter;

  constructor(log: Log, rateLimiter: LogRateLimiter) {
    this.#log = log;
    this.#rateLimiter = rateLimiter;
  }

  isEnabled(level: Level): boolean {
    return this.#log.isEnabled?.(level) ?? true;
  }

  write(entry: Entry, wall?: number): void {
    if (failures.includes(entry.event) && this.#rateLimiter.admits("further") === undefined) return;
    this.#log.write(entry, wall);
  }
}

import type { Clock } from "../../base/clock.ts";
import type { Entry, Level, Log } from "../../base/log.ts";

type LogListener = (entry: Entry, wall: number) => void;

/** A log that also tells everybody who watches the daemon, all but what is for debugging. */
export class LogSubscribers implements Log {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #listeners = new Set<LogListener>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** From now on tells `listener`. The returned function, which may be called twice, ends that. */
  add(listener: LogListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isEnabled(level: Level): boolean {
    return (
      (this.#listeners.size > 0 && level !== "debug") || (this.#log.isEnabled?.(level) ?? true)
    );
  }

  write(entry: Entry, wall: number = this.#clock.wall()): void {
    this.#log.write(entry, wall);
    if (entry.level === "debug") return;
    for (const listener of this.#listeners) listener(entry, wall);
  }
}

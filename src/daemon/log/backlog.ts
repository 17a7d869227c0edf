import type { Clock } from "../../base/clock.ts";
import type { Entry, Level, Log } from "../../base/log.ts";

/**
 * A log that passes entries on, in their order and with their own date, when the event loop has done
 * what it was at: neither a disk, a terminal nor the system's log stands between a knock and its door.
 */
export class Backlog implements Log {
  readonly #log: Log;
  readonly #clock: Clock;
  #waiting: [Entry, number][] = [];
  #turn: NodeJS.Immediate | undefined;
  #defers = false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** From now on entries wait. Before they do not: a start that fails has no later. */
  begin(): void {
    this.#defers = true;
  }

  hears(level: Level): boolean {
    return this.#log.hears?.(level) ?? true;
  }

  write(entry: Entry, wall: number = this.#clock.wall()): void {
    this.#waiting.push([entry, wall]);
    if (this.#defers) this.#turn ??= setImmediate(() => this.flush());
    else this.flush();
  }

  /** Passes on what waits, now. */
  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [entry, wall] of waiting) this.#log.write(entry, wall);
  }

  /** Passes on what waits, and from now on whatever comes, at once. */
  close(): void {
    this.flush();
    this.#defers = false;
  }
}

import type { Clock } from "../../base/clock.ts";
import type { Entry, Level, Log } from "../../base/log.ts";

/** How long entries wait: milliseconds. The packets of a knock come together, and its door opens first. */
const delay = 10;

/**
 * A log that passes entries on a moment later, in their order and with their own date: neither a text, a
 * disk, a terminal nor the system's log stands between a knock and its door.
 */
export class DeferredLog implements Log {
  readonly #log: Log;
  readonly #clock: Clock;
  #waiting: [() => Entry, number][] = [];
  #cancelWake: (() => void) | undefined;
  #defers = false;
  #isUrgent: (entry: Entry) => boolean = () => false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * From now on entries wait. Before they do not: a start that fails has no later. An urgent one does
   * not wait, nor do those before it.
   */
  begin(isUrgent: (entry: Entry) => boolean = () => false): void {
    this.#defers = true;
    this.#isUrgent = isUrgent;
  }

  isEnabled(level: Level): boolean {
    return this.#log.isEnabled?.(level) ?? true;
  }

  write(entry: Entry, wall: number = this.#clock.wall()): void {
    this.writeLater(() => entry, wall);
    if (this.#isUrgent(entry)) this.flush();
  }

  writeLater(make: () => Entry, wall: number): void {
    this.#waiting.push([make, wall]);
    if (!this.#defers) this.flush();
    else this.#cancelWake ??= this.#clock.wakeAt(this.#clock.now() + delay, () => this.flush());
  }

  /** Passes on what waits, now. */
  flush(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [make, wall] of waiting) this.#log.write(make(), wall);
  }

  /** Passes on what waits, and from now on whatever comes, at once. */
  close(): void {
    this.flush();
    this.#defers = false;
  }
}

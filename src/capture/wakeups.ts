import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { later, longAgo } from "../base/time.ts";
import { watchReadable } from "../ffi/readable.ts";

/** The interval between two drains of the ring in a flood: milliseconds. */
const interval = 1;

/** More packets than this in one interval are a flood. A knock has few. */
const flood = 16;

/**
 * Schedules the drains of the ring: at once while packets are few, so that a door opens without delay, and every
 * millisecond in a flood, since a wake-up costs more than a packet. Network drivers do the same (NAPI,
 * Documentation/networking/napi.rst). Beside a drain that took longer than that a wake-up costs nothing.
 */
export class Wakeups {
  readonly #clock: Clock;
  readonly #drain: () => number;
  readonly #watch: { pause(): void; resume(): void; close(): void };
  #intervalEnd = longAgo;
  #taken = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** `drain` takes the waiting packets and returns their number. It may call `close`. */
  constructor(fd: number, clock: Clock, drain: () => number) {
    this.#clock = clock;
    this.#drain = drain;
    this.#watch = watchReadable(fd, () => this.#readable());
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#watch.close();
  }

  #readable(): void {
    const now = this.#clock.now();
    if (now >= this.#intervalEnd) {
      this.#intervalEnd = later(now, interval);
      this.#taken = 0;
    }
    this.#taken += this.#drain();
    if (this.#taken <= flood || this.#closed || this.#hasPassed(now)) return;
    this.#watch.pause();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancel = this.#clock.wakeAt(later(this.#clock.now(), interval), () => {
      const begin = this.#clock.now();
      const taken = this.#drain();
      if (this.#closed) return;
      if (taken > flood && !this.#hasPassed(begin)) this.#lookLater();
      else this.#watch.resume();
    });
  }

  /** Returns whether an interval that began then is over. */
  #hasPassed(begin: Monotonic): boolean {
    return this.#clock.now() - begin >= interval;
  }
}

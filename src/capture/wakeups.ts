import type { Clock } from "../base/clock.ts";
import { later, longAgo } from "../base/time.ts";
import { watchReadable } from "../ffi/readable.ts";

/** In a flood the ring is looked at this often: milliseconds. */
const interval = 1;

/** More packets than this in one interval are a flood. A knock has a handful. */
const flood = 16;

/**
 * When to empty the ring: at once while packets are few, so that a door opens without delay; and
 * every millisecond while they are many, since to wake up for each costs more than to look at it.
 * Network drivers do the same (NAPI, Documentation/networking/napi.rst).
 */
export class Wakeups {
  readonly #clock: Clock;
  readonly #drain: () => number;
  readonly #watch: { pause(): void; resume(): void; close(): void };
  #intervalEnd = longAgo;
  #taken = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** `drain` takes what is there and says how many packets that were. It may close this. */
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
    if (this.#taken <= flood || this.#closed) return;
    this.#watch.pause();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancel = this.#clock.wakeAt(later(this.#clock.now(), interval), () => {
      const taken = this.#drain();
      if (this.#closed) return;
      if (taken > flood) this.#lookLater();
      else this.#watch.resume();
    });
  }
}

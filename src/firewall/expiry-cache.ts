import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { longAgo } from "../base/time.ts";

/** Elements that are remembered at least before what is over is looked for. */
const few = 1000;

/** Until when elements are open, as far as this process knows. */
export class ExpiryCache {
  readonly #clock: Clock;
  readonly #ends = new Map<string, Monotonic>();
  #purgeAt = few;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns `longAgo` if it is unknown. The end may be over. */
  get(key: string): Monotonic {
    return this.#ends.get(key) ?? longAgo;
  }

  /** Never makes it shorter. */
  extend(key: string, end: Monotonic): void {
    if (this.get(key) >= end) return;
    this.#purge();
    this.#ends.set(key, end);
  }

  delete(key: string): void {
    this.#ends.delete(key);
  }

  clear(): void {
    this.#ends.clear();
  }

  /** Forgets what is over, but not each time: that would take long where there is much. */
  #purge(): void {
    if (this.#ends.size < this.#purgeAt) return;
    const now = this.#clock.now();
    for (const [key, end] of this.#ends) if (end <= now) this.#ends.delete(key);
    this.#purgeAt = few + 2 * this.#ends.size;
  }
}

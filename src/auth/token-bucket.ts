import type { Monotonic } from "../base/time.ts";

/** How fast tokens come, and how many are saved. */
export interface TokenRate {
  /** Tokens a millisecond. */
  readonly rate: number;
  readonly most: number;
}

/** Tokens that come at an even pace. It begins full. */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #countedAt: Monotonic;

  constructor(rate: TokenRate, now: Monotonic) {
    this.#rate = rate;
    this.#tokens = rate.most;
    this.#countedAt = now;
  }

  /** Takes a token if `reserve` others are left. Returns whether it did. */
  take(now: Monotonic, reserve = 0): boolean {
    const { rate, most } = this.#rate;
    if (now > this.#countedAt) {
      this.#tokens = Math.min(most, this.#tokens + (now - this.#countedAt) * rate);
      this.#countedAt = now;
    }
    if (this.#tokens < 1 + reserve) return false;
    this.#tokens--;
    return true;
  }
}

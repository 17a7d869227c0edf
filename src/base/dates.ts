import type { Clock } from "./clock.ts";
import type { Monotonic } from "./time.ts";

/** More than both clocks may differ by rounding and slewing; a date that is set differs by more: milliseconds. */
const tolerance = 500;

/** Turns moments into dates. That of a moment stays the same unless the machine's date is set. */
export class Dates {
  readonly #clock: Clock;
  #offset = Number.NaN;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the date of a moment, in whole milliseconds. */
  of(moment: Monotonic): Date {
    const offset = this.#clock.wall() - this.#clock.now();
    // Also if there is none so far.
    if (!(Math.abs(offset - this.#offset) <= tolerance)) this.#offset = offset;
    return new Date(Math.round(moment + this.#offset));
  }
}

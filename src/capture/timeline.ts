import type { Monotonic, WallTime } from "../base/time.ts";
import { monotonic, wallTime } from "../base/time.ts";
import type { Stamp } from "./record.ts";

/** Time stamps go back a little if several processors record, and by more if the clock was set. */
const disorder = 10_000;

/** The valid dates, 1970 to the year 9999, in seconds. */
const lastSecond = 253_402_300_799;

/** The longest time that a file may cover, a thousand years, in milliseconds. */
const longest = 31_556_952_000_000;

/** Turns the time stamps of a file into a clock that never goes back. Hostile stamps cannot make invalid dates. */
export class Timeline {
  #first: Stamp | undefined;
  /** The correction after the clock was set back, now and before that: milliseconds. */
  #shifts: readonly [number, number] = [0, 0];
  #now = monotonic(0);

  /** The first stamp; `undefined` before the first packet with one. */
  get firstWall(): WallTime | undefined {
    if (this.#first === undefined) return undefined;
    return wallTime(this.#first.seconds * 1000 + this.#first.nanoseconds / 1e6);
  }

  /**
   * Returns the milliseconds from the first stamp to this one. A stamp a little earlier than the one before
   * counts as the same time; after a much earlier one, time continues from where it was. Without a stamp,
   * the time stays the same.
   */
  next(stamp: Stamp | undefined): Monotonic {
    if (stamp === undefined) return this.#now;
    const { seconds, nanoseconds } = clamp(stamp);
    this.#first ??= { seconds, nanoseconds };
    // In two parts: a number cannot hold nanoseconds since 1970.
    const { seconds: firstSecond, nanoseconds: firstNanosecond } = this.#first;
    const milliseconds = ((seconds - firstSecond) * 1e9 + (nanoseconds - firstNanosecond)) / 1e6;
    const time = milliseconds + this.#shiftFor(milliseconds);
    this.#now = monotonic(Math.min(longest, Math.max(this.#now, time)));
    return this.#now;
  }

  /** The smaller of two corrections: a single stray stamp must not shift the rest. */
  #shiftFor(milliseconds: number): number {
    const earliest = this.#now - disorder - milliseconds;
    const [shift] = this.#shifts;
    const least = Math.min(...this.#shifts.filter((one) => one >= earliest));
    if (least === shift) return shift;
    this.#shifts = [Number.isFinite(least) ? least : this.#now - milliseconds, shift];
    return this.#shifts[0];
  }
}

function clamp({ seconds, nanoseconds }: Stamp): Stamp {
  return { seconds: Math.min(Math.max(seconds, 0), lastSecond), nanoseconds };
}

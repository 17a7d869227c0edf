import type { Monotonic, WallTime } from "../base/time.ts";
import { monotonic, wallTime } from "../base/time.ts";
import type { Stamp } from "./record.ts";

/** Stamps go back a little where several processors record, and by more where the date was set. */
const disorder = 10_000;

/** 1970 to the year 9999: what a date can be, in seconds. */
const lastSecond = 253_402_300_799;

/** A thousand years: what a file can make time go on, in milliseconds. */
const longest = 31_556_952_000_000;

/** Makes of a file's time stamps a clock that never goes back. Hostile stamps make no time that is no date. */
export class Timeline {
  #first: Stamp | undefined;
  /** What is added to make up for a date that was set back, now and before that: milliseconds. */
  #shifts: readonly [number, number] = [0, 0];
  #now = monotonic(0);

  /** The first stamp; `undefined` before there was one. */
  get firstWall(): WallTime | undefined {
    if (this.#first === undefined) return undefined;
    return wallTime(this.#first.seconds * 1000 + this.#first.nanoseconds / 1e6);
  }

  /**
   * Milliseconds from the first stamp to this one. One that is a little earlier than the one before
   * counts as the same moment; after one that is much earlier, time goes on from where it was. No
   * stamp: the same moment as before.
   */
  next(stamp: Stamp | undefined): Monotonic {
    if (stamp === undefined) return this.#now;
    const { seconds, nanoseconds } = clamp(stamp);
    this.#first ??= { seconds, nanoseconds };
    // The parts apart: seconds since 1970 leave a number no room for nanoseconds.
    const { seconds: firstSecond, nanoseconds: firstNanosecond } = this.#first;
    const milliseconds = ((seconds - firstSecond) * 1e9 + (nanoseconds - firstNanosecond)) / 1e6;
    const time = milliseconds + this.#shiftFor(milliseconds);
    this.#now = monotonic(Math.min(longest, Math.max(this.#now, time)));
    return this.#now;
  }

  /** The least that lets time go on; the one before, too, since a single stray stamp is soon over. */
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

import type { Branded } from "./brand.ts";

/**
 * A moment: milliseconds since a fixed one. It never goes back, not even when the date is set. All
 * processes agree on it within one boot of the machine, and not beyond.
 */
export type Monotonic = Branded<number, "Monotonic">;

/** A date as the machine believes it: milliseconds since 1970. */
export type WallTime = Branded<number, "WallTime">;

/** Makes a moment of what a clock or a file says. */
export function monotonic(milliseconds: number): Monotonic {
  return milliseconds as Monotonic;
}

/** Makes a date of what a clock or a file says. */
export function wallTime(milliseconds: number): WallTime {
  return milliseconds as WallTime;
}

/** Returns the time that is `milliseconds` later, or earlier if that is negative. */
export function later<Time extends Monotonic | WallTime>(time: Time, milliseconds: number): Time {
  return (time + milliseconds) as Time;
}

/** Formats a time in the local time zone: `2026-11-22 13:26:05`. */
export function formatLocalTime(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${time}`;
}

export function earliest(a: Monotonic, b: Monotonic): Monotonic {
  return a < b ? a : b;
}

export function latest(a: Monotonic, b: Monotonic): Monotonic {
  return a > b ? a : b;
}

/** Before and after every moment. */
export const longAgo = Number.NEGATIVE_INFINITY as Monotonic;
export const never = Number.POSITIVE_INFINITY as Monotonic;

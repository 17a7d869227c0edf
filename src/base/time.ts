import type { Branded } from "./brand.ts";

/** A date as the machine believes it: milliseconds since 1970. */
export type WallTime = Branded<number, "WallTime">;

/** Makes a date of what a file or a program says: milliseconds since 1970. */
export function wallTime(milliseconds: number): WallTime {
  return milliseconds as WallTime;
}

/** Returns the moment that is `milliseconds` later, or earlier if that is negative. */
export function later(time: WallTime, milliseconds: number): WallTime {
  return (time + milliseconds) as WallTime;
}

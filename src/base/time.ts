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

/** Formats a time in the local time zone: `2026-11-22 13:26:05`. */
export function formatLocalTime(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${time}`;
}

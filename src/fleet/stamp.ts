import type { Branded } from "../base/brand.ts";

/** A moment on the clock that all gateways share, which is the store's: milliseconds since 1970. */
export type FleetTime = Branded<number, "FleetTime">;

/**
 * The place of a change in the order of all changes: twice the fleet time, plus 1 for a closing. Of an opening and
 * a closing in one millisecond the closing is the newer one.
 */
export type FleetStamp = Branded<number, "FleetStamp">;

/** Before every change. */
export const noStamp = 0 as FleetStamp;

/** No stamp of a record is higher: sums of two such numbers are still exact. */
export const highestStamp: number = 2 ** 52;

/** No moment is further from 1970: its stamps, and those that follow it for long, can be told. */
const furthestTime = highestStamp / 4;

/** Makes a moment of what a clock or a record says. */
export function fleetTime(milliseconds: number): FleetTime {
  return milliseconds as FleetTime;
}

/** Returns the stamp of an opening at `now`, higher than `known`: the highest that this gateway has heard of. */
export function openingStamp(now: FleetTime, known: FleetStamp): FleetStamp {
  const stamp = Math.max(2 * Math.floor(now), known + 1);
  return (stamp + (stamp % 2)) as FleetStamp;
}

/** Returns the stamp of a closing at `now`, higher than `known`: the highest that this gateway has heard of. */
export function closingStamp(now: FleetTime, known: FleetStamp): FleetStamp {
  const stamp = Math.max(2 * Math.floor(now), known + 1);
  return (stamp + 1 - (stamp % 2)) as FleetStamp;
}

/** Returns whether a number may be the stamp of an opening. */
export function isOpeningStamp(number: number): number is FleetStamp {
  return isStamp(number) && number % 2 === 0;
}

/** Returns whether a number may be the stamp of a closing, or is `noStamp`. */
export function isClosingStamp(number: number): number is FleetStamp {
  return number === noStamp || (isStamp(number) && number % 2 === 1);
}

/** Returns whether a clock may say so. */
export function isPossibleTime(time: FleetTime): boolean {
  return Math.abs(time) <= furthestTime;
}

/** Returns the time that is `milliseconds` later. */
export function movedTime(time: FleetTime, milliseconds: number): FleetTime {
  return fleetTime(time + milliseconds);
}

/** Returns the later one. */
export function latestTime(a: FleetTime, b: FleetTime): FleetTime {
  return a > b ? a : b;
}

/** Returns the higher one. */
export function newest(a: FleetStamp, b: FleetStamp): FleetStamp {
  return a > b ? a : b;
}

function isStamp(number: number): boolean {
  return Number.isInteger(number) && number > noStamp && number <= highestStamp;
}

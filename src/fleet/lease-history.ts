import type { FleetStamp, FleetTime } from "./stamp.ts";
import { movedTime, newest, noStamp } from "./stamp.ts";

/** One opening, by a knock or an administrator. */
export interface FleetOpening {
  readonly stamp: FleetStamp;
  readonly end: FleetTime;
}

/**
 * What is known of one holder, or of one scope of closings. It only grows: in whatever order and however often
 * gateways hear of changes, all that heard the same hold the same.
 *
 * An opening lives if no closing has a higher stamp. The holder stays until the latest end of the openings that
 * live.
 */
export interface LeaseHistory {
  /** The stamp of the last closing, or `noStamp`. */
  readonly closed: FleetStamp;
  /** Those that live and matter, newest first: each ends later than the ones before it. */
  readonly openings: readonly FleetOpening[];
}

export const emptyHistory: LeaseHistory = { closed: noStamp, openings: [] };

/**
 * Returns what is known after both. The result does not depend on order, grouping or repetition. A limit to the
 * number of openings would break that.
 */
export function mergeHistories(a: LeaseHistory, b: LeaseHistory): LeaseHistory {
  const closed = newest(a.closed, b.closed);
  const alive = [...a.openings, ...b.openings]
    .filter(({ stamp }) => stamp > closed)
    .sort((x, y) => y.stamp - x.stamp || y.end - x.end);
  const openings: FleetOpening[] = [];
  for (const opening of alive) {
    // An older opening that ends no later than a newer one never matters again.
    const last = openings.at(-1);
    if (last === undefined || last.end < opening.end) openings.push(opening);
  }
  return { closed, openings };
}

/** Returns whether both say the same. */
export function isSameHistory(a: LeaseHistory, b: LeaseHistory): boolean {
  return (
    a.closed === b.closed &&
    a.openings.length === b.openings.length &&
    a.openings.every(({ stamp, end }, i) => {
      const other = b.openings[i];
      return other !== undefined && stamp === other.stamp && end === other.end;
    })
  );
}

/** Returns the stamp of the last change, or `noStamp` if there was none. */
export function stampOf({ closed, openings: [newestOpening] }: LeaseHistory): FleetStamp {
  return newestOpening?.stamp ?? closed;
}

/** Returns the same with stamps that are higher by `stamps`, an even number, and ends `milliseconds` later. */
export function movedHistory(
  { closed, openings }: LeaseHistory,
  stamps: number,
  milliseconds: number,
): LeaseHistory {
  const moved = (stamp: FleetStamp) => (stamp + stamps) as FleetStamp;
  return {
    closed: closed === noStamp ? noStamp : moved(closed),
    openings: openings.map(({ stamp, end }) => ({
      stamp: moved(stamp),
      end: movedTime(end, milliseconds),
    })),
  };
}

/** Returns the opening that ends last of those that are newer than `closed`, or undefined if there is none. */
export function lastOpening(
  { openings }: LeaseHistory,
  closed: FleetStamp,
): FleetOpening | undefined {
  // The oldest one ends last.
  return openings.findLast(({ stamp }) => stamp > closed);
}

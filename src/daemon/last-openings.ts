import { wallTime } from "../base/time.ts";
import type { HistoryReport } from "../control/reports.ts";
import { whoMember } from "../grant/holders.ts";
import type { DoorOpening } from "./door-activity.ts";

/** So many openings whose commands run at the same time are told apart. */
const mostAtOnce = 16;

/**
 * Returns by the name of the door its last opening that did not fail. `entries`: of the history, the oldest
 * first.
 */
export function lastOpenings(entries: readonly HistoryReport[]): ReadonlyMap<string, DoorOpening> {
  const openings = new Map<string, readonly DoorOpening[]>();
  for (const entry of entries) {
    const before = openings.get(entry.door) ?? [];
    if (entry.event === "opened") {
      const { time, source, by, who = "" } = entry;
      const opening = { time: wallTime(time.getTime()), source, by, ...whoMember(who) };
      openings.set(entry.door, [...before.slice(1 - mostAtOnce), opening]);
    } else if (entry.event === "failed") {
      const failed = before.findLastIndex(({ source }) => source.equals(entry.source));
      openings.set(
        entry.door,
        before.filter((_, i) => i !== failed),
      );
    }
  }
  return new Map(
    [...openings].flatMap(([door, list]) => {
      const last = list.at(-1);
      return last === undefined ? [] : [[door, last] as const];
    }),
  );
}

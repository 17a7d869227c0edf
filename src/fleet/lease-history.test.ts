import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import type { LeaseHistory } from "./lease-history.ts";
import {
  emptyHistory,
  isSameHistory,
  lastOpening,
  mergeHistories,
  stampOf,
} from "./lease-history.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime, noStamp } from "./stamp.ts";

interface PlannedChange {
  readonly time: number;
  readonly end: number;
  readonly isOpening: boolean;
}

const change: fc.Arbitrary<PlannedChange> = fc.record({
  time: fc.integer({ min: 1, max: 12 }),
  end: fc.integer({ min: 1, max: 20 }),
  isOpening: fc.boolean(),
});

const historyOf = ({ time, end, isOpening }: PlannedChange): LeaseHistory =>
  isOpening
    ? { closed: noStamp, openings: [{ stamp: (2 * time) as FleetStamp, end: fleetTime(end) }] }
    : { closed: (2 * time + 1) as FleetStamp, openings: [] };

const mergeAll = (all: readonly LeaseHistory[]) => all.reduce(mergeHistories, emptyHistory);

describe("histories of one holder", () => {
  test("merge to one state, whatever the order, the grouping and the repetition", () => {
    const arrivals = fc
      .array(change, { maxLength: 10 })
      .chain((changes) =>
        fc.tuple(
          fc.constant(changes),
          fc.shuffledSubarray([...changes, ...changes], { minLength: 2 * changes.length }),
          fc.nat({ max: 2 * changes.length }),
        ),
      );
    fc.assert(
      fc.property(arrivals, ([changes, shuffled, split]) => {
        const merged = mergeAll(changes.map(historyOf));
        const histories = shuffled.map(historyOf);
        const [first, second] = [histories.slice(0, split), histories.slice(split)];
        expect(mergeAll(histories)).toEqual(merged);
        expect(mergeHistories(mergeAll(second), mergeAll(first))).toEqual(merged);
        expect(isSameHistory(mergeAll(histories), merged)).toBe(true);
      }),
      { numRuns: tries(1_000) },
    );
  });

  test("let a holder stay until the latest end of the openings that no closing is newer than", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), (changes) => {
        const closings = changes.filter(({ isOpening }) => !isOpening);
        const closed = Math.max(0, ...closings.map(({ time }) => 2 * time + 1));
        const alive = changes.filter((one) => one.isOpening && 2 * one.time > closed);
        const end = alive.length === 0 ? undefined : Math.max(...alive.map((one) => one.end));
        const merged = mergeAll(changes.map(historyOf));
        expect(lastOpening(merged, noStamp)?.end).toBe(end);
        const stamps = [closed, ...alive.map(({ time }) => 2 * time)];
        expect(stampOf(merged)).toBe(Math.max(...stamps));
      }),
      { numRuns: tries(1_000) },
    );
  });

  test("keep an older opening that ends later, and drop one that ends earlier", () => {
    const [short, long] = [
      { time: 5, end: 10, isOpening: true },
      { time: 3, end: 30, isOpening: true },
    ];
    const earlier = { time: 4, end: 9, isOpening: true };
    expect(mergeAll([short, earlier, long].map(historyOf)).openings).toEqual([
      { stamp: 10, end: 10 },
      { stamp: 6, end: 30 },
    ]);
    expect(lastOpening(mergeAll([short, long].map(historyOf)), 7 as FleetStamp)?.end).toBe(10);
    expect(lastOpening(mergeAll([short, long].map(historyOf)), 11 as FleetStamp)).toBeUndefined();
  });

  test("differ in a closing, a stamp, an end or a number of openings", () => {
    const open = historyOf({ time: 5, end: 10, isOpening: true });
    const others = [
      { time: 6, end: 10, isOpening: true },
      { time: 5, end: 11, isOpening: true },
      { time: 5, end: 10, isOpening: false },
    ].map(historyOf);
    const more = mergeHistories(open, historyOf({ time: 4, end: 12, isOpening: true }));
    for (const other of [...others, more]) expect(isSameHistory(open, other)).toBe(false);
  });
});

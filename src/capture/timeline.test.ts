import fc from "fast-check";
import { expect, test } from "vitest";
import { Timeline } from "./timeline.ts";

function times(...stamps: readonly (readonly [number, number] | undefined)[]): number[] {
  const timeline = new Timeline();
  return stamps.map((stamp) =>
    timeline.next(stamp && { seconds: stamp[0], nanoseconds: stamp[1] }),
  );
}

test("time counts from the first stamp, to the nanosecond", () => {
  const second = 1_800_000_000;
  expect(times([second, 999_999_999], [second + 1, 0], [second + 5, 999_999_999])).toEqual([
    0, 0.000001, 5000,
  ]);
});

test("a little disorder is one moment, and a date that is set back stops nothing", () => {
  expect(times([100, 0], [99, 0], [101, 0], [95, 0], [102, 0])).toEqual([0, 0, 1000, 1000, 2000]);
  expect(times([5000, 0], [5001, 0], [1401, 0], [1402, 0])).toEqual([0, 1000, 1000, 2000]);
});

test("a stray stamp is soon over", () => {
  expect(times([5000, 0], [0, 0], [5001, 0], [5002, 0])).toEqual([0, 0, 1000, 2000]);
});

test("what has no stamp comes at the moment of what was before it", () => {
  expect(times(undefined, [100, 0], [101, 0], undefined)).toEqual([0, 0, 1000, 1000]);
});

test("the first stamp is the date", () => {
  const timeline = new Timeline();
  expect(timeline.firstWall).toBeUndefined();
  timeline.next({ seconds: 1_800_000_000, nanoseconds: 250_000_000 });
  timeline.next({ seconds: 1_900_000_000, nanoseconds: 0 });
  expect(timeline.firstWall).toBe(1_800_000_000_250);
});

test("no stamps make time go back, or a time that is no date", () => {
  const stamp = fc.record({
    seconds: fc.oneof(fc.double({ noNaN: true }), fc.integer()),
    nanoseconds: fc.integer({ min: 0, max: 2 ** 32 * 1000 }),
  });
  fc.assert(
    fc.property(fc.array(stamp), (stamps) => {
      const timeline = new Timeline();
      let last = 0;
      for (const one of stamps) {
        const time = timeline.next(one);
        expect(time).toBeGreaterThanOrEqual(last);
        last = time;
        expect(() => new Date((timeline.firstWall ?? 0) + time).toISOString()).not.toThrow();
      }
    }),
  );
});

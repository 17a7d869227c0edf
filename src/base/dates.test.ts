import { expect, test } from "vitest";
import type { Clock } from "./clock.ts";
import { Dates } from "./dates.ts";
import { monotonic, wallTime } from "./time.ts";

test("a moment keeps its date, and gets another if the date of the machine is set", () => {
  let [now, wall] = [1000.4, 1_000_000];
  const clock = { now: () => monotonic(now), wall: () => wallTime(wall) } as Clock;
  const dates = new Dates(clock);
  const first = dates.of(monotonic(500.4));
  expect(first.getTime()).toBe(999_500);
  // The clocks are read one after the other, and one of them counts whole milliseconds.
  [now, wall] = [2001.3, 1_001_000];
  expect(dates.of(monotonic(500.4))).toEqual(first);
  [now, wall] = [2001.3, 5_001_000];
  expect(dates.of(monotonic(2001.3)).getTime()).toBe(5_001_000);
});

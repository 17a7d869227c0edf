import { expect, test } from "vitest";
import { monotonic, wallTime } from "../base/time.ts";
import { deadline } from "./deadline.ts";

test("an alarm goes off by the clock that is ahead", () => {
  const time = { now: 5, wall: 1_000 };
  const left = deadline(
    { now: () => monotonic(time.now), wall: () => wallTime(time.wall), wakeAt: () => () => {} },
    100,
  );
  expect(left()).toBe(100);
  time.now += 40;
  expect(left()).toBe(60);
  // The machine slept: its monotonic clock did not go on.
  time.wall += 100;
  expect(left()).toBe(0);
  // Somebody set the date back: the other one still counts.
  time.wall = 0;
  expect(left()).toBe(60);
});

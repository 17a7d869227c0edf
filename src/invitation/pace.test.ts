import { expect, test } from "vitest";
import { duration, fitPace, paces, shortestPace, usualPace } from "./pace.ts";

test("the first step has more time, for the name to be looked up", () => {
  expect(paces(3)).toEqual([1500, usualPace, usualPace]);
  expect(paces(3, 750)).toEqual([750, 750, 750]);
});

test.each([
  [1, 0],
  [2, 1500],
  [3, 2400],
  [10, 8700],
])("%i steps take %i ms from the first to the last", (steps, time) => {
  expect(duration(steps)).toBe(time);
});

test.each([
  ["knockd's own default", 3, 25_000, undefined],
  ["many steps", 10, 25_000, undefined],
  ["one step", 1, 100, undefined],
  ["just enough for the usual pace", 3, 3000, undefined],
  ["a little less", 3, 2999, usualPace - 1],
  ["little time", 3, 2000, 800],
  ["hardly any", 3, 1750, shortestPace],
  ["too little", 3, 1749, "too-slow"],
  ["very many steps", 32, 25_000, "too-slow"],
])("%s: %i steps within %i ms at the pace %s", (_, steps, timeout, pace) => {
  expect(fitPace(steps, timeout)).toBe(pace);
});

test("a pace that fits leaves a fifth of the time", () => {
  for (let steps = 2; steps <= 32; steps++) {
    for (let timeout = 100; timeout < 40_000; timeout += 100) {
      const pace = fitPace(steps, timeout);
      if (pace !== "too-slow") expect(duration(steps, pace)).toBeLessThanOrEqual(timeout * 0.8);
    }
  }
});

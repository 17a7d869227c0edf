import { describe, expect, test } from "vitest";
import { SeededRandom } from "../differential/random.ts";
import type { Point } from "./trend.ts";
import { growth, median } from "./trend.ts";

describe("growth", () => {
  test.each<[string, number, (time: number) => number]>([
    ["what is flat", 0, () => 7],
    ["what grows evenly", 198, (time) => 2 * time],
    ["what shrinks", -99, (time) => 50 - time],
    ["what is flat but for outliers", 0, (time) => (time % 5 === 0 ? 1000 : 3)],
  ])("of %s is %d", (_, expected, value) => {
    const points = Array.from({ length: 100 }, (_, time): Point => [time, value(time)]);
    expect(growth(points)).toBeCloseTo(expected);
  });

  test("of a slow leak amid noise is the leak", () => {
    const random = new SeededRandom(1);
    const points = Array.from({ length: 300 }, (_, time): Point => {
      return [time, time / 10 + random.from(0, 20)];
    });
    expect(growth(points)).toBeGreaterThan(20);
    expect(growth(points)).toBeLessThan(40);
  });

  test.each<[Point[]]>([[[]], [[[1, 5]]]])("of %j is nothing", (points) => {
    expect(growth(points)).toBe(0);
  });
});

test("the median does not care about the order", () => {
  expect(median([9, 1, 5])).toBe(5);
});

import { expect, test } from "vitest";
import { hasGapAfter, isAtOrBefore } from "./board.ts";

test("entries follow each other, or there is a gap", () => {
  expect(hasGapAfter(3, [4, 5, 6])).toBe(false);
  expect(hasGapAfter(3, [])).toBe(false);
  for (const numbers of [[5], [4, 6], [3], [1], [4, Number.NaN]]) {
    expect(hasGapAfter(3, numbers)).toBe(true);
  }
});

test.each([
  ["0-0", "0-0", true],
  ["9-1", "10-0", true],
  ["10-0", "9-1", false],
  ["10-2", "10-10", true],
  ["10-10", "10-2", false],
  ["", "10-2", false],
  ["10-2", "x-3", false],
  ["10", "11-1", false],
])("entry %s is at or before %s: %s", (id, other, expected) => {
  expect(isAtOrBefore(id, other)).toBe(expected);
});

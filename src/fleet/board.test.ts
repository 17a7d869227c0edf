import { expect, test } from "vitest";
import { hasGapAfter } from "./board.ts";

test("entries follow each other, or there is a gap", () => {
  expect(hasGapAfter(3, [4, 5, 6])).toBe(false);
  expect(hasGapAfter(3, [])).toBe(false);
  for (const numbers of [[5], [4, 6], [3], [1], [4, Number.NaN]]) {
    expect(hasGapAfter(3, numbers)).toBe(true);
  }
});

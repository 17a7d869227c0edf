import { expect, test } from "vitest";
import { longestDuration } from "../../base/duration.ts";
import { formatNftTime } from "./nft-time.ts";

test.each([
  [0, "0ms"],
  [99.5, "100ms"],
  [60_000, "1m"],
  [100_000_001, "1d3h46m40s1ms"],
  [2 * 86_400_000, "2d"],
  [longestDuration, "36525d"],
])("%d ms is %s", (milliseconds, text) => {
  expect(formatNftTime(milliseconds)).toBe(text);
});

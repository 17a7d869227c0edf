import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["0", 0],
  ["30", 30_000],
  ["030", 30_000],
  ["500ms", 500],
  ["30s", 30_000],
  ["10m", 600_000],
  ["10M", 600_000],
  ["1h", 3_600_000],
  ["2 d", 172_800_000],
  ["36525d", 3_155_760_000_000],
])("%s is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", " ", "s", "-1", "+1", "1.5", "1e3", "1w", "1 h 2 m", "36526d", "9999999999999"])(
  "%j is no duration",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test.each([
  [0, "0"],
  [1, "1ms"],
  [1500, "1500ms"],
  [10_000, "10"],
  [90_000, "90"],
  [600_000, "10m"],
  [3_600_000, "1h"],
  [172_800_000, "2d"],
])("%i ms are written %s", (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test("every duration reads back from its text", () => {
  const unit = fc.constantFrom(1, 1000, 60_000, 3_600_000, 86_400_000);
  const duration = fc.tuple(fc.integer({ min: 0, max: 36_525 }), unit).map(([n, size]) => n * size);
  fc.assert(
    fc.property(duration, (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    }),
  );
});

import { expect, test } from "vitest";
import { humanDuration } from "./duration.ts";
import { plural } from "./text.ts";

test.each([
  [0, "0s"],
  [0.4, "0s"],
  [1.9, "2ms"],
  [500, "500ms"],
  [999.9, "1s"],
  [1000, "1s"],
  [1590, "1.6s"],
  [9949, "9.9s"],
  [9999, "10s"],
  [10_000, "10s"],
  [59_499, "59s"],
  [59_999, "1m"],
  [60_000, "1m"],
  [598_000, "9m 58s"],
  [3_600_000, "1h"],
  [3_599_990, "1h"],
  [3_601_000, "1h"],
  [30 * 60_000 - 3, "30m"],
  [2 * 86_400_000 - 3, "2d"],
  [3_660_000, "1h 1m"],
  [273_600_000, "3d 4h"],
  [400 * 86_400_000, "400d"],
  [400 * 86_400_000 - 3, "400d"],
])("%d ms is %s", (milliseconds, text) => expect(humanDuration(milliseconds)).toBe(text));

test.each([
  [0, "0 doors"],
  [1, "1 door"],
  [2, "2 doors"],
])("%d: %s", (count, text) => expect(plural(count, "door")).toBe(text));

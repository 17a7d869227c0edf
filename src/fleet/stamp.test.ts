import { expect, test } from "vitest";
import type { FleetStamp } from "./stamp.ts";
import {
  closingStamp,
  fleetTime,
  highestStamp,
  isClosingStamp,
  isOpeningStamp,
  noStamp,
  openingStamp,
} from "./stamp.ts";

test.each([
  // now, known, opening, closing
  [1000.9, 0, 2000, 2001],
  [1000, 1999, 2000, 2001],
  [1000, 2000, 2002, 2001],
  [1000, 2001, 2002, 2003],
  [1000, 5000, 5002, 5001],
  [1000, 5001, 5002, 5003],
])("a change at %d after stamp %d: an opening has %d, a closing %d", (now, known, open, closed) => {
  expect(openingStamp(fleetTime(now), known as FleetStamp)).toBe(open);
  expect(closingStamp(fleetTime(now), known as FleetStamp)).toBe(closed);
});

test("an even number is the stamp of an opening, an odd one that of a closing", () => {
  expect([2, 3, noStamp, 2.5, -2, Number.NaN, highestStamp, highestStamp + 2].map(isOpeningStamp)) //
    .toEqual([true, false, false, false, false, false, true, false]);
  expect(
    [3, 2, noStamp, 1.5, -1, Number.NaN, highestStamp - 1, highestStamp + 1].map(isClosingStamp),
  ) //
    .toEqual([true, false, true, false, false, false, true, false]);
});

import { expect, test } from "vitest";
import { hasEnded, UnfinishedClosings } from "./unfinished.ts";

test.each([
  ["5-0", "4-0", [], false],
  ["5-0", "5-0", [], true],
  ["5-0", "9-0", [["3-0", "4-0"]], true],
  ["5-0", "9-0", [["4-0", "5-0"]], false],
  ["5-0", "9-0", [["5-0", "6-0"]], true],
  [
    "5-0",
    "9-0",
    [
      ["1-0", "2-0"],
      ["0-0", "9-0"],
    ],
    false,
  ],
  ["5-0", "", [], false],
] as const)("entry %s, read up to %s, unfinished %j: ended %s", (id, read, ranges, expected) => {
  expect(hasEnded(id, read, ranges)).toBe(expected);
});

test("many unfinished closings become one part that spans them, and none is left out", async () => {
  const closings = new UnfinishedClosings();
  const ends = Array.from({ length: 40 }, (_, i) => {
    let end = () => {};
    const work = new Promise<void>((resolve) => {
      end = resolve;
    });
    void closings.add([`${i}-0`, `${i + 1}-0`], work);
    return end;
  });
  expect(closings.ranges).toHaveLength(16);
  for (let i = 1; i <= 40; i++) expect(hasEnded(`${i}-0`, "99-0", closings.ranges)).toBe(false);
  expect(hasEnded("41-0", "99-0", closings.ranges)).toBe(true);
  for (const end of ends) end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(closings.ranges).toEqual([]);
});

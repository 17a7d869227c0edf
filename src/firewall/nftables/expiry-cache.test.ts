import { expect, test } from "vitest";
import { ManualClock } from "../../base/clock.ts";
import { Ends } from "./expiry-cache.ts";

test("an end is never made earlier, and forgotten when it is deleted", () => {
  const ends = new Ends(new ManualClock());
  expect(ends.of("a")).toBe(0);
  ends.prolong("a", 10);
  ends.prolong("a", 5);
  expect(ends.of("a")).toBe(10);
  ends.delete("a");
  expect(ends.of("a")).toBe(0);
  ends.prolong("b", 10);
  ends.clear();
  expect(ends.of("b")).toBe(0);
});

test("what is over does not pile up", () => {
  const clock = new ManualClock();
  const ends = new Ends(clock);
  ends.prolong("long", 1_000_000);
  for (let i = 0; i < 100_000; i++) {
    clock.advance(1);
    ends.prolong(`short ${i}`, clock.now() + 10);
  }
  expect(ends.size).toBeLessThan(3000);
  expect(ends.of("long")).toBe(1_000_000);
});

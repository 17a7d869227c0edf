import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { longAgo, monotonic } from "../base/time.ts";
import { ExpiryCache } from "./expiry-cache.ts";

test("an end is never made earlier, and forgotten when it is deleted", () => {
  const ends = new ExpiryCache(new ManualClock());
  expect(ends.get("a")).toBe(longAgo);
  ends.extend("a", monotonic(10));
  ends.extend("a", monotonic(5));
  expect(ends.get("a")).toBe(10);
  ends.delete("a");
  expect(ends.get("a")).toBe(longAgo);
  ends.extend("b", monotonic(10));
  ends.clear();
  expect(ends.get("b")).toBe(longAgo);
});

test("what is over does not pile up", () => {
  const clock = new ManualClock();
  const ends = new ExpiryCache(clock);
  ends.extend("long", monotonic(1_000_000));
  for (let i = 0; i < 100_000; i++) {
    clock.advance(1);
    ends.extend(`short ${i}`, monotonic(clock.now() + 10));
  }
  const remembered = Array.from({ length: 100_000 }, (_, i) => ends.get(`short ${i}`));
  expect(remembered.filter((end) => end !== longAgo).length).toBeLessThan(3000);
  expect(ends.get("long")).toBe(1_000_000);
});

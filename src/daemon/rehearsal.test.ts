import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { address } from "../../test/support/packets.ts";
import { Rehearsal } from "./rehearsal.ts";

const [guest, admin] = [address("192.0.2.7"), address("192.0.2.8")];

test("covers one source or all, for its time", () => {
  const clock = new ManualClock();
  const rehearsal = new Rehearsal(clock);
  const covered = () => [guest, admin].map((source) => rehearsal.covers(source));
  expect(covered()).toEqual([false, false]);
  rehearsal.begin(guest, 1000);
  expect(covered()).toEqual([true, false]);
  rehearsal.begin(undefined, 2000);
  clock.advance(1999);
  expect(covered()).toEqual([true, true]);
  expect(rehearsal.until).toBe(clock.now() + 1);
  clock.advance(1);
  expect(covered()).toEqual([false, false]);
  expect(rehearsal.until).toBeUndefined();
});

test("ends before its time, and lasts 10 minutes at most", () => {
  const clock = new ManualClock();
  const rehearsal = new Rehearsal(clock);
  expect(() => rehearsal.begin(undefined, 600_001)).toThrow("10 minutes at most");
  rehearsal.begin(undefined, 600_000);
  rehearsal.end();
  expect(rehearsal.covers(guest)).toBe(false);
});

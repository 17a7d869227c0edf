import { expect, test, vi } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { address } from "../../test/support/packets.ts";
import { Rehearsal } from "./rehearsal.ts";

const [guest, admin] = [address("192.0.2.7"), address("192.0.2.8")];

test("covers one source or all, for its time", () => {
  const clock = new ManualClock();
  const changed = vi.fn();
  const rehearsal = new Rehearsal(clock, changed);
  const covered = () => [guest, admin].map((source) => rehearsal.covers(source));
  expect(covered()).toEqual([false, false]);
  rehearsal.begin(guest, 1000);
  expect(covered()).toEqual([true, false]);
  rehearsal.begin(undefined, 2000);
  clock.advance(1999);
  expect([rehearsal.isOn, ...covered()]).toEqual([true, true, true]);
  expect(changed).not.toHaveBeenCalled();
  clock.advance(1);
  expect([rehearsal.isOn, ...covered()]).toEqual([false, false, false]);
  expect(changed).toHaveBeenCalledTimes(1);
});

test("ends before its time, and says nothing more then", () => {
  const clock = new ManualClock();
  const changed = vi.fn();
  const rehearsal = new Rehearsal(clock, changed);
  expect(() => rehearsal.begin(undefined, 600_001)).toThrow("10 minutes at most");
  rehearsal.begin(undefined, 600_000);
  rehearsal.end();
  expect(rehearsal.covers(guest)).toBe(false);
  clock.advance(700_000);
  expect(changed).not.toHaveBeenCalled();
});

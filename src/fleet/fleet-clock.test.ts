import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { FleetClock } from "./fleet-clock.ts";
import { fleetTime } from "./stamp.ts";

/** A store whose clock is `ahead` of the gateway's, and whose answers take these times there and back. */
function readings(clock: ManualClock, ahead: number, ways: readonly (readonly [number, number])[]) {
  const left = [...ways];
  return async () => {
    const [there, back] = left.shift() ?? [0, 0];
    clock.advance(there);
    const time = fleetTime(clock.wall() + ahead);
    clock.advance(back);
    return time;
  };
}

const three = (there: number, back: number) =>
  Array.from({ length: 3 }, () => [there, back] as const);

test("fleet time is the date of this machine until the store's clock was read", () => {
  const clock = new ManualClock(1_000_000);
  const fleet = new FleetClock(clock);
  clock.advance(5);
  expect(fleet.now()).toBe(1_000_005);
});

test("the shortest of three round trips counts, and half of it is the error at most", async () => {
  const clock = new ManualClock(1_000_000);
  const fleet = new FleetClock(clock);
  const ways = [
    [50, 0],
    [3, 1],
    [0, 80],
  ] as const;
  const { roundTrip, jump } = await fleet.measure(readings(clock, 60_000, ways));
  expect([roundTrip, jump]).toEqual([4, 0]);
  expect(Math.abs(fleet.now() - (clock.wall() + 60_000))).toBeLessThanOrEqual(2);
});

test("a jump of the store's clock is told, a drift is not, nor the first measurement", async () => {
  const clock = new ManualClock(1_000_000);
  const fleet = new FleetClock(clock);
  const jumps: number[] = [];
  for (const ahead of [60_000, 60_900, 3_660_900, 60_900]) {
    jumps.push((await fleet.measure(readings(clock, ahead, three(1, 1)))).jump);
  }
  expect(jumps).toEqual([0, 0, 3_600_000, -3_600_000]);
});

test("a store that does not answer changes nothing", async () => {
  const clock = new ManualClock(1_000_000);
  const fleet = new FleetClock(clock);
  await expect(fleet.measure(() => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  expect(fleet.now()).toBe(1_000_000);
});

test("a store that shows no time changes nothing", async () => {
  const clock = new ManualClock(1_000_000);
  const fleet = new FleetClock(clock);
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    const measured = fleet.measure(() => Promise.resolve(fleetTime(time)));
    await expect(measured).rejects.toMatchObject({ kind: "lost" });
  }
  expect([fleet.now(), fleet.isMeasured]).toEqual([1_000_000, false]);
});

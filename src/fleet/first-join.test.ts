// What is done before the store's clock is known, at gateways whose dates are wrong.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { FleetStamp } from "./stamp.ts";

const minute = 60_000;
const hour = 3_600_000;
const holder = holderOfSource(7);
const everything = { kind: "all" } as const;

// Leases that last longer than dates are wrong: others are refused, as old ones that a store shows again.
describe.each([0, hour, -hour])("a gateway whose date is %d ms ahead", (ahead) => {
  let bench: FleetBench;
  let one: FleetGateway;
  let late: FleetGateway;
  beforeEach(async () => {
    bench = new FleetBench();
    one = await bench.add("gw-1");
    bench.store.isDown = true;
    const { clock } = bench;
    const wrong: Clock = {
      now: () => clock.now(),
      wall: () => later(clock.wall(), ahead),
      wakeAt: (when, task) => clock.wakeAt(when, task),
    };
    late = await bench.add("gw-2", { clock: wrong });
  });
  afterEach(() => bench.close());

  const ends = () => bench.gateways.map(({ fleet }) => fleet.endOf(holder));
  const stampOfNow = () => 2 * bench.clock.wall();

  test("opens at all until the moment that was meant", async () => {
    late.fleet.opened(holder, 3 * hour);
    const [end, stamp] = [bench.clock.wall() + 3 * hour, stampOfNow()];
    await bench.pass(minute);
    await bench.restart();
    expect(ends()).toEqual([end, end]);
    expect(late.stamped).toEqual([{ holder, stamp }]);
    expect(late.fleet.opened(holder, 4 * hour)).toBe(stampOfNow());
  });

  test("does not undo a closing that was told later, nor hides what was opened later", async () => {
    late.fleet.opened(holder, 3 * hour);
    late.fleet.closed({ kind: "source", source: holderOfSource(8).source }, hour);
    await bench.pass(minute);
    one.fleet.closed(everything, hour);
    one.fleet.opened(holderOfSource(8), 3 * hour);
    await bench.restart();
    expect(ends()).toEqual([undefined, undefined]);
    expect(late.fleet.endOf(holderOfSource(8))).toBeDefined();
    late.fleet.opened(holder, minute);
    await bench.settle();
    one.fleet.closed(everything, hour);
    await bench.settle();
    expect(ends()).toEqual([undefined, undefined]);
  });

  test("closes what was opened before, and keeps its own order", async () => {
    one.fleet.opened(holder, hour);
    await bench.pass(minute);
    late.fleet.opened(holder, hour);
    late.fleet.closed(everything, hour);
    late.fleet.opened(holderOfSource(8), hour);
    await bench.restart();
    expect(ends()).toEqual([undefined, undefined]);
    expect(one.fleet.endOf(holderOfSource(8))).toBeDefined();
    expect(late.stamped.map((stamped) => stamped.holder)).toEqual([holderOfSource(8)]);
  });

  test("tells what it used with the time that was meant", async () => {
    const use = { kind: "packet", key: "00", time: 1 } as const;
    late.fleet.uses.tell({ use, life: 2 * hour });
    late.fleet.uses.claimLater({ use: { ...use, time: 2 }, life: 2 * hour });
    await bench.restart();
    expect(one.used.length).toBe(2);
    expect(bench.store.claims.size).toBe(1);
    const ends = [...bench.store.table.values()].map(({ until }) => until);
    for (const end of ends) {
      expect(Math.abs(end - bench.clock.wall() - 2 * hour)).toBeLessThan(5_000);
    }
  });
});

describe("a gateway that starts again", () => {
  let bench: FleetBench;
  let one: FleetGateway;
  beforeEach(async () => {
    bench = new FleetBench();
    one = await bench.add("gw-1");
  });
  afterEach(() => bench.close());

  const stampOf = (gateway: FleetGateway, length: number) => {
    const stamp = gateway.fleet.opened(holder, length);
    if (stamp === undefined) throw new Error("no stamp");
    return stamp;
  };

  /** Stops a gateway, and starts it with what its journal says: it has a lease for so long. */
  async function startAgain(
    gateway: FleetGateway,
    stamp: FleetStamp,
    left: number,
    origin?: string,
  ) {
    bench.gateways.splice(bench.gateways.indexOf(gateway), 1);
    await gateway.stop();
    const next = bench.make("gw-2");
    next.fleet.restored({ holder, left, stamp, origin });
    return next;
  }

  test("closes what was closed elsewhere meanwhile", async () => {
    const two = await bench.add("gw-2");
    const stamp = stampOf(two, hour);
    await bench.settle();
    await bench.pass(minute);
    one.fleet.closed(holder, hour);
    await bench.settle();
    const again = await startAgain(two, stamp, hour - minute);
    again.start();
    await bench.settle();
    expect(again.changes).toMatchObject([{ before: { stamp }, after: undefined, origin: "gw-1" }]);
    expect(again.fleet.state.told).toBe(0);
  });

  test("tells what it has only where the table lacks it, with its stamp", async () => {
    const two = await bench.add("gw-2");
    const stamp = stampOf(two, hour);
    await bench.settle();
    const again = await startAgain(two, stamp, hour);
    again.start();
    await bench.settle();
    expect([again.changes, again.fleet.state.told]).toEqual([[], 0]);
    bench.store.flush();
    const third = await startAgain(again, stamp, hour);
    third.start();
    await bench.settle();
    expect(third.fleet.state.told).toBe(1);
    expect([...bench.store.table.values()].map((row) => row.stamp)).toEqual([stamp]);
  });

  test("leaves to others what they told", async () => {
    const two = await bench.add("gw-2");
    const stamp = stampOf(one, hour);
    await bench.settle();
    bench.store.flush();
    const again = await startAgain(two, stamp, hour, "gw-1");
    again.start();
    await bench.settle();
    expect(again.fleet.state.told).toBe(0);
    expect(again.fleet.endOf(holder)).toBeDefined();
  });

  test("closes what it had, though the store's clock went back, and keeps the closing", async () => {
    bench.store.ahead = 2 * hour;
    await bench.pass(6_000);
    const two = await bench.add("gw-2");
    const stamp = stampOf(two, 12 * hour);
    await bench.settle();
    bench.store.stop();
    const again = await startAgain(two, stamp, 12 * hour);
    again.start();
    await bench.settle();
    again.fleet.closed(everything, minute);
    again.fleet.opened(holderOfSource(8), hour);
    bench.store.ahead = 0;
    await bench.restart();
    expect(bench.gateways.map(({ fleet }) => fleet.endOf(holder))).toEqual([undefined, undefined]);
    expect(one.fleet.endOf(holderOfSource(8))).toBeDefined();
    await bench.pass(2 * minute);
    const three = await bench.add("gw-3");
    expect(three.fleet.endOf(holder)).toBeUndefined();
  });

  test("takes in what it had also when it has joined already", async () => {
    const two = await bench.add("gw-2");
    one.fleet.closed(everything, hour);
    await bench.settle();
    two.fleet.restored({ holder, left: hour, stamp: 2000 as FleetStamp });
    expect(two.fleet.endOf(holder)).toBeUndefined();
    const stamp = (2 * bench.clock.wall() + 4) as FleetStamp;
    two.fleet.restored({ holder: holderOfSource(8), left: hour, stamp });
    await bench.pass(70_000);
    expect(one.fleet.endOf(holderOfSource(8))).toBe(bench.clock.wall() + hour - 70_000);
  });
});

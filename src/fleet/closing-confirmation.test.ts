import { afterEach, beforeEach, expect, test } from "vitest";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { ClosingReport } from "./closing-confirmation.ts";

const hour = 3_600_000;
const holder = holderOfSource(7);
const all = { kind: "all" } as const;

let bench: FleetBench;
let one: FleetGateway;
let two: FleetGateway;
let three: FleetGateway;
beforeEach(async () => {
  bench = new FleetBench();
  [one, two, three] = [await bench.add("gw-1"), await bench.add("gw-2"), await bench.add("gw-3")];
  one.fleet.opened(holder, hour);
  await bench.pass(10_000);
});
afterEach(() => bench.close());

/** Closes, and lets time pass until the report is there: returns both. */
async function close(gateway = one): Promise<{ report: ClosingReport; took: number }> {
  const began = bench.clock.now();
  let report: ClosingReport | undefined;
  void gateway.fleet.closeEverywhere(all, hour).then((made) => {
    report = made;
  });
  for (let i = 0; report === undefined && i < 200; i++) {
    await bench.settle();
    if (report === undefined) bench.clock.advance(50);
  }
  if (report === undefined) throw new Error("no report");
  return { report, took: bench.clock.now() - began };
}

test("all that are connected say at once that they have closed", async () => {
  const { report, took } = await close();
  expect(report).toEqual({
    isTold: true,
    acknowledged: ["gw-1", "gw-2", "gw-3"],
    missing: [],
    left: hour - 10_000 - took,
  });
  expect(took).toBeLessThan(500);
  expect(two.fleet.endOf(holder)).toBeUndefined();
});

test("an acknowledgement that comes while a heartbeat is under way is not taken back by it", async () => {
  let hear = () => {};
  let isSlow = false;
  const four = await bench.add("gw-4", {
    connect: async () => {
      const board = await bench.store.open();
      const heartbeats = board.heartbeats.bind(board);
      board.heartbeats = async () => {
        if (isSlow) {
          await new Promise<void>((resolve) => {
            hear = resolve;
          });
        }
        return await heartbeats();
      };
      return board;
    },
  });
  // Its next heartbeat reads those of others when the closing comes.
  isSlow = true;
  await bench.pass(6_000);
  isSlow = false;
  const first = one.fleet.closeEverywhere(all, hour);
  await bench.settle();
  hear();
  await bench.settle();
  bench.clock.advance(50);
  const report = await Promise.race([first, bench.settle()]);
  expect(report).toMatchObject({ acknowledged: ["gw-1", "gw-2", "gw-3", "gw-4"], missing: [] });
  expect(four.lines).toEqual(["joined"]);
});

test("a stop command that hangs is waited for, and no other with it", async () => {
  let end = () => {};
  two.closing = new Promise<void>((resolve) => {
    end = resolve;
  });
  const { report, took } = await close();
  expect(report).toMatchObject({
    acknowledged: ["gw-1", "gw-3"],
    missing: [{ gateway: "gw-2" }],
  });
  expect(took).toBe(5_000);
  two.closing = undefined;
  three.fleet.opened(holder, hour);
  await bench.settle();
  expect((await close()).report.missing).toEqual([]);
  end();
  await bench.settle();
  expect((await close()).report.acknowledged).toHaveLength(3);
});

test("a stop command that ends while it is waited for is acknowledged then", async () => {
  two.closing = new Promise((resolve) => {
    bench.clock.wakeAt((bench.clock.now() + 2_000) as never, resolve);
  });
  const { report, took } = await close();
  expect(report.missing).toEqual([]);
  expect(took).toBeGreaterThanOrEqual(2_000);
  expect(took).toBeLessThan(3_000);
});

test("a gateway that is away is named, and not waited for", async () => {
  await three.stop();
  await bench.pass(30_000);
  const { report, took } = await close();
  expect(report).toMatchObject({ acknowledged: ["gw-1", "gw-2"], isTold: true });
  expect(report.missing).toEqual([{ gateway: "gw-3", seen: expect.any(Number) }]);
  expect(report.missing[0]?.seen).toBeGreaterThan(29_000);
  expect(took).toBeLessThan(500);
});

test("without the store no other gateway has it, and it says until when", async () => {
  bench.store.stop();
  await bench.settle();
  const { report, took } = await close();
  expect(report).toMatchObject({ isTold: false, acknowledged: ["gw-1"], left: hour - 15_000 });
  expect(report.missing.map(({ gateway }) => gateway).sort()).toEqual(["gw-2", "gw-3"]);
  expect(took).toBe(5_000);
  // It is told all the same, once there is a store.
  await bench.restart();
  expect(two.fleet.endOf(holder)).toBeUndefined();
});

test("a store that comes back while it is waited for is enough", async () => {
  bench.store.stop();
  await bench.settle();
  bench.clock.wakeAt((bench.clock.now() + 1_000) as never, () => {
    bench.store.isDown = false;
  });
  const { report } = await close();
  expect(report).toMatchObject({ isTold: true, missing: [] });
});

test("a store that comes back empty hides no gateway: those that have not been heard of are named", async () => {
  bench.store.stop();
  await bench.settle();
  bench.store.flush();
  await Promise.all([two.stop(), three.stop()]);
  bench.store.isDown = false;
  await bench.pass(1_500);
  const { report } = await close();
  expect(report).toMatchObject({ isTold: true, acknowledged: ["gw-1"] });
  expect(report.missing.map(({ gateway }) => gateway).sort()).toEqual(["gw-2", "gw-3"]);
});

test("a gateway whose date is far ahead closes, too, though it refuses openings", async () => {
  const { clock } = bench;
  const wrong: Clock = {
    now: () => clock.now(),
    wall: () => later(clock.wall(), 30 * hour),
    wakeAt: (when, task) => clock.wakeAt(when, task),
  };
  const four = await bench.add("gw-4", { clock: wrong });
  four.fleet.opened(holder, hour);
  one.fleet.opened(holderOfSource(8), hour);
  await bench.pass(6_000);
  expect(four.fleet.endOf(holderOfSource(8))).toBeUndefined();
  const { report } = await close();
  expect(report).toMatchObject({ acknowledged: ["gw-1", "gw-2", "gw-3", "gw-4"], missing: [] });
  expect(four.fleet.endOf(holder)).toBeUndefined();
  const shown = one.fleet.roster.gateways().find(({ name }) => name === "gw-4");
  expect(shown?.differences).toEqual([{ what: "clock" }]);
});

test("nothing known of it: all say so, and nothing is left", async () => {
  await close();
  const { report } = await close(two);
  expect(report).toMatchObject({ missing: [], left: 0 });
});

test("a closing that no administrator waits for causes no more than one entry", async () => {
  const told = () => bench.store.beats;
  const before = told();
  one.fleet.closed(all, hour);
  await bench.settle();
  expect(told()).toBe(before);
});

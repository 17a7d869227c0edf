import { afterEach, beforeEach, expect, test } from "vitest";
import type { FleetGateway } from "../../test/support/fleet-bench.ts";
import { FleetBench, holderOfSource } from "../../test/support/fleet-bench.ts";
import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { FleetConfiguration } from "./configuration.ts";
import { FleetSeal } from "./seal.ts";

const door = { name: "ssh", users: "", sequences: "7000 8000", list: "" };
const usual: FleetConfiguration = {
  users: "alice/laptop 00",
  knockPort: "udp/62201",
  freshness: "60",
  doors: [door, { ...door, name: "web" }, { ...door, name: "web", sequences: "1 2" }],
};

let bench: FleetBench;
let one: FleetGateway;
let two: FleetGateway;
beforeEach(async () => {
  bench = new FleetBench();
  [one, two] = [bench.make("gw-1"), bench.make("gw-2")];
  for (const gateway of [one, two]) gateway.configuration = usual;
  for (const gateway of [one, two]) gateway.start();
  await bench.settle();
});
afterEach(() => bench.close());

const entryOf = (name: string) => {
  const entry = one.fleet.roster.gateways().find((gateway) => gateway.name === name);
  if (entry === undefined) throw new Error(`no gateway ${name}`);
  return entry;
};

/** Gives the second gateway another configuration; returns what the first one finds. */
async function differences(configuration: Partial<FleetConfiguration>) {
  two.configuration = { ...usual, ...configuration };
  await bench.pass(12_000);
  return entryOf("gw-2").differences;
}

test("gateways that are alike differ in nothing", async () => {
  expect(await differences({})).toEqual([]);
  expect(entryOf("gw-1")).toMatchObject({ isHere: true, isUp: true, version: "1", clock: 0 });
});

const others = usual.doors.slice(1);
test.each([
  [{ users: "" }, [{ what: "users" }]],
  [{ knockPort: "" }, [{ what: "knock-port" }]],
  [{ freshness: "30" }, [{ what: "freshness" }]],
  [{ doors: [{ ...door, users: "bob" }, ...others] }, [{ what: "door-users", door: "ssh" }]],
  [{ doors: [{ ...door, sequences: "1" }, ...others] }, [{ what: "sequences", door: "ssh" }]],
  [{ doors: [{ ...door, list: "1 2" }, ...others] }, [{ what: "list", door: "ssh" }]],
  [{ doors: usual.doors.toSpliced(2, 1, door) }, []],
  [
    { doors: others.toReversed() },
    [
      { what: "sequences", door: "web" },
      { what: "sequences", door: "web" },
    ],
  ],
  [{ doors: [] }, []],
])("%j is told apart", async (configuration, expected) => {
  expect(await differences(configuration)).toEqual(expected);
});

test("what is changed here differs at once", async () => {
  expect(await differences({})).toEqual([]);
  one.configuration = { ...usual, users: "bob" };
  expect(entryOf("gw-2").differences).toEqual([{ what: "users" }]);
});

test("a hundred doors fit, and those after them are not compared", async () => {
  const doors = Array.from({ length: 120 }, (_, i) => ({ ...door, name: `door${i}` }));
  one.configuration = { ...usual, doors };
  const changed = doors.map((each, i) => (i < 99 ? each : { ...each, sequences: "1" }));
  expect(await differences({ doors: changed })).toEqual([{ what: "sequences", door: "door99" }]);
});

test("a gateway whose date differs by more than 30 s is told apart, and by how much", async () => {
  const { clock } = bench;
  for (const [name, ahead] of [
    ["gw-3", 29_000],
    ["gw-4", -31_000],
  ] as const) {
    const wrong: Clock = {
      now: () => clock.now(),
      wall: () => later(clock.wall(), ahead),
      wakeAt: (when, task) => clock.wakeAt(when, task),
    };
    const gateway = bench.make(name, { clock: wrong });
    gateway.configuration = usual;
    gateway.start();
  }
  await bench.pass(12_000);
  expect(entryOf("gw-3")).toMatchObject({ clock: 29_000, differences: [] });
  expect(entryOf("gw-4")).toMatchObject({ clock: -31_000, differences: [{ what: "clock" }] });
});

test("a gateway that is silent for 15 s is away, and still has what it had", async () => {
  expect(await differences({ users: "" })).toHaveLength(1);
  await two.stop();
  await bench.pass(25_000);
  expect(entryOf("gw-2")).toMatchObject({
    isUp: false,
    clock: undefined,
    differences: [{ what: "users" }],
  });
  expect(entryOf("gw-2").seen).toBeGreaterThan(20_000);
});

test("a gateway that does not read is behind, and one whose heartbeat is old is not", async () => {
  const stuck = await bench.add("gw-3", {
    connect: async () => {
      const board = await bench.store.open();
      board.follow = () => new Promise(() => {});
      return board;
    },
  });
  for (let i = 1; i <= 30; i++) {
    one.fleet.opened(holderOfSource(i), 600_000);
    await bench.pass(1_000);
  }
  expect(entryOf("gw-3").behind).toBeGreaterThan(2);
  expect(entryOf("gw-2").behind).toBeLessThan(3);
  expect(stuck.fleet.state.isJoined).toBe(true);
});

test("a start after another one is not taken for a twin", async () => {
  await two.stop();
  const again = await bench.add("gw-2");
  expect(again.fleet.roster.isNameTaken).toBe(false);
  await bench.pass(12_000);
  expect(again.fleet.roster.isNameTaken).toBe(false);
});

test("twins know of each other, and say so", async () => {
  const twin = await bench.add("gw-1");
  await bench.pass(60_000);
  expect([one, twin].map(({ fleet }) => fleet.roster.isNameTaken)).toEqual([true, true]);
  expect(entryOf("gw-1").differences).toEqual([{ what: "name" }]);
  await twin.stop();
  await bench.pass(70_000);
  expect(one.fleet.roster.isNameTaken).toBe(false);
});

test("a gateway with a new key is the same gateway, and what it left under the old one is removed", async () => {
  const [old, next] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
  await one.stop();
  await two.stop();
  bench.gateways.length = 0;
  one = await bench.add("gw-1", { seal: new FleetSeal("office", [old, next]) });
  two = await bench.add("gw-2", { seal: new FleetSeal("office", [next, old]) });
  await bench.pass(12_000);
  expect(one.fleet.roster.gateways().map(({ name, isUp }) => [name, isUp])).toEqual([
    ["gw-1", true],
    ["gw-2", true],
  ]);
  expect([one, two].map(({ fleet }) => fleet.roster.isNameTaken)).toEqual([false, false]);
  expect(bench.store.heartbeats.size).toBe(2);
});

test("gateways that seal with different keys are compared all the same", async () => {
  const [old, next] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
  await one.stop();
  await two.stop();
  [one, two] = [
    bench.make("gw-1", { seal: new FleetSeal("office", [old, next]) }),
    bench.make("gw-2", { seal: new FleetSeal("office", [next, old]) }),
  ];
  for (const gateway of [one, two]) {
    gateway.configuration = usual;
    gateway.start();
  }
  expect(await differences({})).toEqual([]);
  expect(await differences({ users: "bob" })).toEqual([{ what: "users" }]);
});

test("what no key opens is removed after a day", async () => {
  const [row] = bench.store.heartbeats.values();
  if (row === undefined) throw new Error("no heartbeat");
  bench.store.heartbeats.set("x", { ...row, field: "x" });
  await bench.pass(12_000);
  expect(bench.store.heartbeats.has("x")).toBe(true);
  bench.clock.advance(25 * 3_600_000);
  await bench.pass(12_000);
  expect([...bench.store.heartbeats.keys()]).not.toContain("x");
  expect(bench.store.heartbeats.size).toBe(2);
});

test("what others write in the place of a heartbeat is none", async () => {
  for (const [field, row] of [...bench.store.heartbeats]) {
    bench.store.heartbeats.set(`x${field}`, { ...row, field: `x${field}` });
    bench.store.heartbeats.set(field, { ...row, sealed: Buffer.from("garbage") });
  }
  await bench.pass(12_000);
  expect(one.fleet.roster.gateways().map(({ name }) => name)).toEqual(["gw-1", "gw-2"]);
  expect(one.fleet.roster.isNameTaken).toBe(false);
});

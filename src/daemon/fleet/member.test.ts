import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BenchGateway } from "../../../test/support/gateways.ts";
import { benchDoors, GatewayBench } from "../../../test/support/gateways.ts";
import { address } from "../../../test/support/packets.ts";
import { later, wallTime } from "../../base/time.ts";
import type { Device } from "../../config/users.ts";
import { requestAccess } from "../access-request.ts";

let bench: GatewayBench;
let a: BenchGateway;
let b: BenchGateway;
beforeEach(async () => {
  bench = new GatewayBench();
  [a, b] = [await bench.add("gw-1"), await bench.add("gw-2")];
});
afterEach(() => bench.close());

const from = "192.0.2.7";
const alice = "alice/laptop";

function device(name: string, more: Partial<Device> = {}): Device {
  const keys = { locks: [], fwknop: undefined };
  const rights = { groups: [], disabled: false, expires: undefined, allow: undefined };
  return { ...({ ...rights } as unknown as Device), name, ...keys, ...more };
}

describe("a knock", () => {
  test("at one opens at all, and names the gateway", async () => {
    await a.knock("ssh", from);
    expect(a.open).toEqual([`ssh ${from} 60`]);
    expect(b.open).toEqual(a.open);
    expect(b.events).toMatchObject([{ kind: "opened", by: "knock", origin: "gw-1" }]);
    expect(b.journal[0]).toMatchObject({ op: "open", access: { origin: "gw-1" } });
    expect(b.journal[0]).toHaveProperty("stamp");
  });

  test("is told in a later turn than that of the opening", () => {
    void a.knock("ssh", from);
    expect(a.firewall.begun).toEqual([`open ssh ${from}`]);
    expect(bench.fleet.store.log).toEqual([]);
  });

  test("at an open door makes it stay open everywhere, and runs no command again", async () => {
    await a.knock("vpn", from);
    await bench.fleet.pass(10_000);
    await b.knock("vpn", from);
    expect(a.open).toEqual([`vpn ${from} 30`]);
    expect(b.open).toEqual([`vpn ${from} 30`]);
    expect(a.firewall.begun).toEqual([`open vpn ${from}`]);
    expect(b.firewall.begun).toEqual([`open vpn ${from}`]);
    await bench.fleet.pass(31_000);
    expect([...a.open, ...b.open]).toEqual([]);
  });

  test("runs a command that nothing undoes once at each, and once more for another knock", async () => {
    await a.knock("wake", from);
    await bench.fleet.pass(2_000);
    expect(b.firewall.begun).toEqual([`open wake ${from}`]);
    await a.knock("wake", from);
    expect(b.firewall.begun).toEqual([`open wake ${from}`, `open wake ${from}`]);
    await bench.fleet.pass(1_000);
    const late = await bench.add("gw-3");
    expect(late.firewall.begun).toEqual([]);
  });

  test("at a door that is not shared opens here alone", async () => {
    await a.knock("own", from);
    expect(b.open).toEqual([]);
  });

  test("is told by a slow command when that starts, and its end when it has ended", async () => {
    a.firewall.isSlow = true;
    await a.knock("vpn", from);
    expect(b.open).toEqual([`vpn ${from} 30`]);
    await bench.fleet.pass(5_000);
    await a.firewall.end(`open vpn ${from}`);
    await bench.fleet.settle();
    expect(b.open).toEqual([`vpn ${from} 30`]);
  });
});

describe("a closing", () => {
  test.each([
    [{ door: "ssh", source: address(from) }],
    [{ door: "ssh" }],
    [{ source: address(from) }],
    [{}],
  ])(
    "of %j closes everywhere, and is acknowledged when the stop command has ended",
    async (what) => {
      await a.knock("ssh", from);
      b.firewall.isSlow = true;
      const report = a.fleet.close(what);
      await bench.fleet.settle();
      expect(b.open).toEqual([]);
      let isDone = false;
      void report.then(() => (isDone = true));
      await bench.fleet.pass(1_000);
      expect(isDone).toBe(false);
      await b.firewall.end(`close ssh ${from}`);
      await bench.fleet.pass(500);
      expect(await report).toMatchObject({ told: true, closedAt: ["gw-1", "gw-2"], missing: [] });
    },
  );

  test("of a door that is not shared is told to nobody", async () => {
    expect(await a.fleet.close({ door: "own" })).toBeUndefined();
  });

  test("of a gateway that was away is obeyed when it is back, also after a restart", async () => {
    await a.knock("ssh", from);
    const { journal } = b;
    expect(journal.some((event) => event.op === "open" && event.stamp !== undefined)).toBe(true);
    await b.fleet.stop();
    const report = a.fleet.close({ door: "ssh" });
    await bench.fleet.pass(6_000);
    expect(await report).toMatchObject({ told: true, missing: [{ gateway: "gw-2" }] });
    const [left] = b.leaseManager.leases;
    if (left === undefined) throw new Error("no lease");
    const next = bench.make("gw-2");
    await next.leaseManager.restore([left]);
    expect(next.open).toHaveLength(1);
    await next.join();
    expect(next.open).toEqual([]);
  });
});

describe("without the store", () => {
  test("each goes on alone, and all are alike afterwards", async () => {
    await a.knock("ssh", from);
    bench.fleet.store.stop();
    await bench.fleet.settle();
    await a.knock("vpn", "192.0.2.8");
    await b.knock("ssh", "192.0.2.9");
    void a.leaseManager.leave(a.leaseManager.leases[0] ?? expect.unreachable(), "");
    void a.fleet.close({ door: "ssh", source: address(from) });
    await bench.fleet.settle();
    expect(a.open).toEqual(["vpn 192.0.2.8 30"]);
    expect(b.open).toEqual([`ssh ${from} 60`, "ssh 192.0.2.9 60"].sort());
    expect(a.fleet.summarize()).toMatchObject({ state: "down", waiting: 2 });
    expect(a.fleet.problems).toMatchObject([{ code: "fleet" }]);
    bench.fleet.store.isDown = false;
    await bench.fleet.pass(3_000);
    expect(a.open).toEqual(["ssh 192.0.2.9 57", "vpn 192.0.2.8 27"]);
    expect(b.open).toEqual(a.open);
    expect(a.fleet.problems).toEqual([]);
    expect(
      a.log.entries.map(({ event }) => event).filter((one) => one.startsWith("fleet")),
    ).toEqual(["fleet-up", "fleet-down", "fleet-up"]);
  });
});

describe("the rights of this gateway", () => {
  test("count for a device: those of the users file, and its end", async () => {
    await a.knock("ssh", from, alice);
    expect(b.open).toEqual([]);
    await b.configure(benchDoors, [device(alice, { disabled: true })]);
    expect(b.open).toEqual([]);
    const expires = wallTime(bench.fleet.clock.wall() + 20_000);
    await b.configure(benchDoors, [device(alice, { expires })]);
    expect(b.open).toEqual([`ssh ${from} ${alice} 20`]);
    await b.knock("ssh", from);
    expect(a.open).toEqual([`ssh ${from} 60`, `ssh ${from} ${alice} 60`]);
  });

  test("do not change when a door closes: it stays open as long as where it was opened", async () => {
    await b.configure(benchDoors.replace("Open_For = 60s", "Open_For = 10m"));
    await a.knock("ssh", from);
    expect(b.open).toEqual([`ssh ${from} 60`]);
    await b.knock("ssh", "192.0.2.8");
    expect(a.open).toEqual([`ssh ${from} 60`, "ssh 192.0.2.8 600"]);
    await bench.fleet.pass(61_000);
    expect([a.open, b.open]).toEqual([["ssh 192.0.2.8 539"], ["ssh 192.0.2.8 539"]]);
  });

  test("deny sources, and doors that are not there, until a reload brings them", async () => {
    await b.configure(benchDoors.replace("Users = alice", `Users = alice\n Deny = ${from}`));
    await a.knock("ssh", from);
    expect(b.open).toEqual([]);
    await b.configure("[other]\nSequence = 1,2\nOpen = tcp/1\n");
    await a.knock("vpn", from);
    expect(b.open).toEqual([]);
    await b.configure();
    expect(b.open).toEqual([`ssh ${from} 60`, `vpn ${from} 30`]);
  });

  test("a removed device loses its leases everywhere, and others stay", async () => {
    for (const gateway of [a, b]) await gateway.configure(benchDoors, [device(alice)]);
    await a.knock("ssh", from, alice);
    await a.knock("ssh", from);
    expect(b.open).toHaveLength(2);
    a.fleet.removed(alice);
    await bench.fleet.settle();
    expect(b.open).toEqual([`ssh ${from} 60`]);
  });
});

test("what an administrator extends here is told, and reports have it", async () => {
  await a.knock("ssh", from);
  const [lease] = b.leaseManager.leases;
  if (lease === undefined) throw new Error("no lease");
  await b.leaseManager.extend(lease, 600_000);
  await bench.fleet.settle();
  expect(a.open).toEqual([`ssh ${from} 60`, `ssh ${from} knockctl 600`]);
  await bench.fleet.pass(10_000);
  const report = a.fleet.report(true);
  expect(report?.leases).toMatchObject([
    { door: "ssh", by: ["sequence", "knockctl"], from: "gw-2", openAt: ["gw-1", "gw-2"] },
  ]);
  expect(report).toMatchObject({ state: "up", gatewaysUp: 2, gatewaysKnown: 2, waiting: 0 });
  expect(report?.gateways).toMatchObject([
    { name: "gw-1", here: true, state: "up" },
    { name: "gw-2", here: false, state: "up", differences: [] },
  ]);
});

test("what the kernel opened is told with the time of its opening: a closing since then wins", async () => {
  const { leaseManager, doors } = a;
  const live = doors.all[0] ?? expect.unreachable();
  const request = requestAccess(live, address(from), undefined) ?? expect.unreachable();
  const adopt = (gateway: BenchGateway) => {
    const now = bench.fleet.clock.now();
    const [since, due] = [later(now, -10_000), later(now, 50_000)];
    gateway.leaseManager.adopt({ ...request, length: 60_000 }, since, due);
    gateway.fleet.adopted(request.access, 10_000, 50_000);
  };
  adopt(a);
  await bench.fleet.settle();
  expect(b.open).toEqual([`ssh ${from} 50`]);
  const closed = [
    b.fleet.close({ door: "ssh" }),
    ...b.leaseManager.leases.map((one) => b.leaseManager.close(one)),
  ];
  await bench.fleet.pass(6_000);
  await Promise.all(closed);
  expect(leaseManager.leases).toEqual([]);
  adopt(a);
  await bench.fleet.settle();
  expect(leaseManager.leases).toEqual([]);
  expect(b.open).toEqual([]);
});

/** Lets all happen that needs no other turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

test.each([0, 50])("a closing in the turn of a knock is the later one (%i)", async (count) => {
  a.request("ssh", from);
  if (count > 0) await microtasks();
  const closed = a.leaseManager.leases.map((one) => a.leaseManager.close(one));
  await Promise.all([a.fleet.close({}), ...closed, bench.fleet.pass(1_000)]);
  expect([...a.open, ...b.open]).toEqual([]);
});

test("a knock here before a closing elsewhere is heard of stays open everywhere", async () => {
  await a.knock("ssh", from);
  await bench.fleet.pass(1_000);
  const { store } = bench.fleet;
  const append = store.append.bind(store);
  store.append = (rows) => {
    store.append = append;
    b.request("ssh", from);
    return append(rows);
  };
  const closed = a.leaseManager.leases.map((one) => a.leaseManager.close(one));
  await Promise.all([a.fleet.close({ door: "ssh" }), ...closed, bench.fleet.pass(6_000)]);
  expect(a.open).toEqual([`ssh ${from} 55`]);
  expect(b.open).toEqual(a.open);
});

test("what was closed here alone stays closed here until it is opened anew", async () => {
  await a.knock("ssh", from);
  b.fleet.closedHere({ door: "ssh" });
  await Promise.all(b.leaseManager.leases.map((one) => b.leaseManager.close(one)));
  await b.configure();
  expect(a.open).toEqual([`ssh ${from} 60`]);
  expect(b.open).toEqual([]);
  await bench.fleet.pass(5_000);
  await a.knock("ssh", from);
  expect(b.open).toEqual([`ssh ${from} 60`]);
});

test("openings of others are refused from 40,000 holders on, and those who knock here get in", async () => {
  Object.defineProperty(b.leaseManager, "holders", { get: () => 40_000 });
  await a.knock("ssh", from);
  expect(b.open).toEqual([]);
  expect(b.log.entries.filter(({ event }) => event === "fleet-full")).toHaveLength(1);
  await a.knock("ssh", "192.0.2.8");
  expect(b.log.entries.filter(({ event }) => event === "fleet-full")).toHaveLength(1);
  await b.knock("vpn", from);
  expect(b.open).toEqual([`vpn ${from} 30`]);
});

describe("a door that a reload shares", () => {
  const shared = benchDoors.replace("Fleet = no", "Fleet = yes");

  test("is told of: a closing elsewhere closes what was open here before", async () => {
    await a.knock("own", from);
    for (const gateway of [a, b]) await gateway.configure(shared);
    expect(b.open).toEqual([`own ${from} 30`]);
    await Promise.all([b.fleet.close({ door: "own" }), bench.fleet.pass(1_000)]);
    expect(a.open).toEqual([]);
  });
});

test("a door that this gateway keeps for itself is closed elsewhere alone, until it is shared again", async () => {
  await a.knock("ssh", from);
  await b.configure(benchDoors.replace("Users = alice", "Users = alice\n Fleet = no"));
  await Promise.all([a.fleet.close({ door: "ssh" }), bench.fleet.pass(1_000)]);
  expect(b.open).toEqual([`ssh ${from} 59`]);
  await b.configure();
  expect(b.open).toEqual([]);
});

test("a jump of the store's clock runs no command again", async () => {
  await a.knock("wake", from);
  await bench.fleet.pass(2_000);
  bench.fleet.store.ahead = -3_600_000;
  await bench.fleet.pass(15_000);
  expect(b.firewall.begun).toEqual([`open wake ${from}`]);
  await a.knock("wake", from);
  expect(b.firewall.begun).toHaveLength(2);
});

test("a mistake in what nothing waits for is reported, and does not end the daemon", async () => {
  const fail = () => Promise.reject(new Error("oh"));
  const mistakes = () => b.log.entries.filter(({ event }) => event === "internal-error").length;
  const { open } = b.leaseManager;
  b.leaseManager.open = fail;
  await a.knock("ssh", from);
  expect(mistakes()).toBe(1);
  b.leaseManager.open = open.bind(b.leaseManager);
  await b.configure(benchDoors);
  expect(b.open).toEqual([`ssh ${from} 60`]);
  await b.configure(benchDoors.replace("Users = alice", "Users = alice\n Fleet = no"));
  await Promise.all([a.fleet.close({ door: "ssh" }), bench.fleet.pass(1_000)]);
  b.leaseManager.leave = fail;
  await b.configure();
  expect(mistakes()).toBe(2);
});

test("a mistake in a closing, or in the news, is reported, and does not end the daemon", async () => {
  await a.knock("ssh", from);
  b.leaseManager.leave = () => Promise.reject(new Error("oh"));
  await Promise.all([a.fleet.close({ door: "ssh" }), bench.fleet.pass(6_000)]);
  const mistakes = () => b.log.entries.filter(({ event }) => event === "internal-error");
  expect(mistakes()).toMatchObject([{ level: "error", text: "internal error in the fleet: oh" }]);
  const { find } = b.leaseManager;
  b.leaseManager.find = () => {
    throw new Error("ah");
  };
  await a.knock("ssh", from);
  expect(mistakes().at(-1)).toMatchObject({ text: "internal error in the fleet: ah" });
  b.leaseManager.find = find;
  await bench.fleet.pass(3_000);
  expect(b.fleet.summarize()).toMatchObject({ state: "up" });
});

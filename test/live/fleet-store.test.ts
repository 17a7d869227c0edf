// Gateways without doors around a real store that fails: they hold the same in the end.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import type { StoreLimits } from "../../src/fleet/redis-connection.ts";
import { usualLimits } from "../../src/fleet/redis-connection.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";
import { RedisServer } from "./redis-server.ts";
import { needs } from "./requirements.ts";

const hour = 3_600_000;
const isSameUse = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);

/** Milliseconds by which the ends of one lease may differ: half a round trip on a busy machine. */
const tolerance = 500;

describe.skipIf(needs("redis-server"))("gateways around Redis", () => {
  let server: RedisServer;
  let gateways: readonly FleetGateway[];
  beforeEach(async () => {
    server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    await start();
  });
  afterEach(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.stop()));
    await server?.close();
  });

  async function start(limits?: StoreLimits): Promise<void> {
    const parts = { clock: systemClock, connect: () => server.connect(limits) };
    gateways = ["gw-1", "gw-2", "gw-3"].map((name) => new FleetGateway(name, parts).start());
    await joined();
  }

  const patience = { timeout: 30_000 };
  const fleetOf = (i: number) => {
    const gateway = gateways[i];
    if (gateway === undefined) throw new Error(`no gateway ${i}`);
    return gateway.fleet;
  };
  const states = () => gateways.map(({ fleet }) => fleet.state);
  const joined = () =>
    expect.poll(() => states().every(({ isJoined }) => isJoined), patience).toBe(true);
  const lost = () =>
    expect.poll(() => states().every(({ isJoined }) => !isJoined), patience).toBe(true);
  const isOpen = (n: number) =>
    gateways.map(({ fleet }) => (fleet.endOf(holderOfSource(n)) ?? 0) > fleet.now());
  const openAtAll = (...sources: readonly number[]) =>
    expect.poll(() => sources.flatMap(isOpen).every(Boolean), patience).toBe(true);
  const closedAtAll = (...sources: readonly number[]) =>
    expect.poll(() => sources.flatMap(isOpen).some(Boolean), patience).toBe(false);

  /** Opens 1 and 2; `meanwhile` breaks the store; then 1 is closed, 3 opened, at two gateways. */
  async function aroundAFault(meanwhile: () => Promise<unknown>): Promise<void> {
    fleetOf(0).opened(holderOfSource(1), hour);
    fleetOf(1).opened(holderOfSource(2), hour);
    await openAtAll(1, 2);
    await meanwhile();
    fleetOf(1).closed({ kind: "source", source: holderOfSource(1).source }, hour);
    fleetOf(2).opened(holderOfSource(3), hour);
  }

  async function alikeAfterwards(): Promise<void> {
    await openAtAll(2, 3);
    await closedAtAll(1);
    for (const n of [2, 3]) {
      const ends = gateways.map(({ fleet }) => fleet.endOf(holderOfSource(n)) ?? 0);
      expect(Math.max(...ends) - Math.min(...ends)).toBeLessThanOrEqual(tolerance);
    }
    await expect.poll(() => states().every(({ waiting }) => waiting === 0), patience).toBe(true);
    // A gateway that comes now learns it from the table alone.
    const late = new FleetGateway("gw-4", {
      clock: systemClock,
      connect: () => server.connect(),
    }).start();
    gateways = [...gateways, late];
    await openAtAll(2, 3);
    await closedAtAll(1);
  }

  test("are alike after a kill and a restart with its file", async () => {
    await aroundAFault(async () => {
      await server.kill();
      await lost();
    });
    await server.restart();
    await alikeAfterwards();
  });

  test("are alike after a restart with a snapshot of before", async () => {
    await aroundAFault(async () => {
      await server.cli("config", "set", "appendonly", "no");
      await server.cli("set", "marker", "kept");
      await server.cli("save");
      // The snapshot does not know of these.
      fleetOf(0).closed(holderOfSource(2), hour);
      await closedAtAll(2);
      fleetOf(2).opened(holderOfSource(2), hour);
      await openAtAll(2);
      await server.kill();
      await lost();
    });
    await server.restart("--appendonly", "no");
    expect(await server.cli("get", "marker")).toBe("kept");
    await alikeAfterwards();
  });

  test("are alike after a kill and an empty restart", async () => {
    await aroundAFault(async () => {
      await server.cli("flushall");
      await server.kill();
      await lost();
    });
    await server.restart();
    await alikeAfterwards();
  });

  test("notice a store that hangs, go on alone, and are alike when it goes on", async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await start(usualLimits);
    await aroundAFault(async () => {
      server.signal("SIGSTOP");
      await lost();
    });
    server.signal("SIGCONT");
    await alikeAfterwards();
    expect(gateways[0]?.lines[1]).toMatch(/^lost: the store \S+ is lost: no answer for \d\.0 s$/);
  });

  test("are alike after a flush under their feet", async () => {
    await aroundAFault(() => server.cli("flushall"));
    await alikeAfterwards();
  });

  test("stay joined to a full store, and tell once there is room", async () => {
    await aroundAFault(() => server.cli("config", "set", "maxmemory", "1"));
    await expect.poll(() => fleetOf(2).state.failure, patience).toMatch(/ refuses: OOM /);
    await server.cli("config", "set", "maxmemory", "0");
    await alikeAfterwards();
    expect(gateways.map(({ lines }) => lines.length)).toEqual([1, 1, 1, 1]);
  });

  test("use a packet once, however many have it in one moment", async () => {
    const claimAtAll = (time: number) => {
      const claimed = { use: { kind: "packet", key: "00", time } as const, life: hour };
      return Promise.all(gateways.map(({ fleet }) => fleet.uses.claim(claimed)));
    };
    const rounds = await Promise.all(Array.from({ length: 100 }, (_, i) => claimAtAll(i)));
    for (const results of rounds) {
      expect(results.filter((result) => result === "mine").length).toBeLessThanOrEqual(1);
    }
    // A busy machine is late with some of them.
    let time = 1000;
    const next = async () => (await claimAtAll(time++)).sort();
    await expect.poll(next, patience).toEqual(["mine", "used", "used"]);
    const last = { kind: "packet", key: "00", time: time - 1 };
    const heard = () => gateways.filter(({ used }) => used.some((one) => isSameUse(one, last)));
    await expect.poll(() => heard().length, patience).toBe(2);
  });

  test("share a thousand leases of one moment", async () => {
    for (let i = 0; i < 1000; i++) fleetOf(0).opened({ ...holderOfSource(1), nth: i + 1 }, hour);
    const last = { ...holderOfSource(1), nth: 1000 };
    const heard = () => gateways.map(({ fleet, heard }) => fleet.endOf(last) && heard.size);
    await expect.poll(heard, patience).toEqual([0, 1000, 1000]);
    const length = Number(await server.cli("xlen", "sesame:{office}:log"));
    expect(length).toBeLessThan(100);
  });
});

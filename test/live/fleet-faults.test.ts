// Faults around a real store: a way that fails, a store that refuses, and a store in hostile hands.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import type { Board } from "../../src/fleet/board.ts";
import type { RedisConnection } from "../../src/fleet/redis-connection.ts";
import { openConnection, usualLimits } from "../../src/fleet/redis-connection.ts";
import { fleetTime } from "../../src/fleet/stamp.ts";
import { FleetGateway, holderOfSource } from "../support/fleet-bench.ts";
import { patientLimits, RedisServer } from "./redis-server.ts";
import { needs } from "./requirements.ts";
import { StoreProxy } from "./store-proxy.ts";

const hour = 3_600_000;
const patience = { timeout: 30_000 };

/** Milliseconds by which the ends of one lease may differ: half a round trip on a busy machine. */
const tolerance = 500;

describe.skipIf(needs("redis-server"))("faults around Redis", () => {
  let server: RedisServer;
  let proxies: StoreProxy[];
  let gateways: FleetGateway[];
  beforeEach(async () => {
    server = await RedisServer.start();
    [proxies, gateways] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    for (const proxy of proxies) proxy.close();
    await server?.close();
  });

  /** Starts gateways, each on a way of its own. */
  async function start(count: number, limits = patientLimits): Promise<void> {
    for (let i = 1; i <= count; i++) {
      const proxy = await StoreProxy.open(server, `way-${i}`, limits);
      proxies.push(proxy);
      gateways.push(make(`gw-${i}`, () => proxy.connect()));
    }
    await joined(...gateways);
  }

  const make = (name: string, connect: () => Promise<Board>) =>
    new FleetGateway(name, { clock: systemClock, connect }).start();
  const gatewayAt = (i: number) => {
    const gateway = gateways[i];
    if (gateway === undefined) throw new Error(`no gateway ${i}`);
    return gateway;
  };
  const proxyAt = (i: number) => {
    const proxy = proxies[i];
    if (proxy === undefined) throw new Error(`no way ${i}`);
    return proxy;
  };
  const joined = (...some: readonly FleetGateway[]) =>
    expect.poll(() => some.every(({ fleet }) => fleet.state.isJoined), patience).toBe(true);
  const left = (n: number) =>
    gateways.map(({ fleet }) => {
      const end = fleet.endOf(holderOfSource(n));
      return end === undefined ? 0 : Math.max(0, end - fleet.now());
    });
  const openAtAll = (n: number, length: number) =>
    expect
      .poll(() => left(n).every((one) => Math.abs(one - length) < tolerance + 20_000), patience)
      .toBe(true);
  const closedAtAll = (n: number) =>
    expect.poll(() => left(n).every((one) => one === 0), patience).toBe(true);
  const alike = (n: number) => {
    const all = left(n);
    expect(Math.max(...all) - Math.min(...all)).toBeLessThan(tolerance);
  };

  /** What happens on both sides of a cut, and what all hold afterwards. */
  async function dividedStory(cut: () => Promise<void>, mend: () => Promise<void>): Promise<void> {
    const [one, two] = [gatewayAt(0).fleet, gatewayAt(1).fleet];
    for (const n of [1, 2, 3, 4]) one.opened(holderOfSource(n), hour);
    await openAtAll(4, hour);
    await cut();
    one.closed(holderOfSource(1), hour);
    two.opened(holderOfSource(2), 2 * hour);
    two.closed({ kind: "source", source: holderOfSource(3).source }, hour);
    one.opened(holderOfSource(5), hour);
    two.opened(holderOfSource(6), hour);
    // Closed on one side, and opened after that on the other.
    one.closed(holderOfSource(4), hour);
    await expect.poll(() => one.now() > 0).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    two.opened(holderOfSource(4), 3 * hour);
    await mend();
    await joined(...gateways);
    await closedAtAll(1);
    await openAtAll(2, 2 * hour);
    await closedAtAll(3);
    await openAtAll(4, 3 * hour);
    await openAtAll(5, hour);
    await openAtAll(6, hour);
    for (const n of [2, 4, 5, 6]) alike(n);
  }

  test("a gateway whose packets vanish goes on alone, and both sides become one", async () => {
    await start(3, usualLimits);
    const cut = proxyAt(1);
    await dividedStory(
      async () => {
        cut.isSilent = true;
        await expect.poll(() => gatewayAt(1).fleet.state.isJoined, patience).toBe(false);
      },
      async () => {
        cut.isSilent = false;
      },
    );
  });

  test("a way of 200 ms is slow, not lost, and claims wait for it", async () => {
    await start(3, usualLimits);
    for (const proxy of proxies) proxy.delay = 100;
    // The next heartbeat measures it.
    const claim = (time: number) =>
      gatewayAt(1).fleet.uses.claim({ use: { kind: "packet", key: "00", time }, life: hour });
    let time = 0;
    await expect.poll(() => claim(time++), { timeout: 30_000, interval: 500 }).toBe("mine");
    gatewayAt(0).fleet.opened(holderOfSource(1), hour);
    await openAtAll(1, hour);
    alike(1);
    const report = await gatewayAt(0).fleet.closeEverywhere({ kind: "all" }, hour);
    expect(report).toMatchObject({ isTold: true, acknowledged: ["gw-1", "gw-2", "gw-3"] });
    expect(gateways.every(({ lines }) => lines.length === 1)).toBe(true);
  });

  test("a closing is acknowledged by all, and by those only that have heard of it", async () => {
    await start(3, usualLimits);
    gatewayAt(0).fleet.opened(holderOfSource(1), hour);
    await openAtAll(1, hour);
    // All know of each other with the second heartbeat.
    await expect
      .poll(() => gatewayAt(0).fleet.roster.gateways().length, { timeout: 20_000 })
      .toBe(3);
    const first = await gatewayAt(0).fleet.closeEverywhere(holderOfSource(1), hour);
    expect(first).toMatchObject({ acknowledged: ["gw-1", "gw-2", "gw-3"], missing: [] });
    proxyAt(2).isSilent = true;
    const second = await gatewayAt(1).fleet.closeEverywhere({ kind: "all" }, hour);
    expect(second.acknowledged).toEqual(["gw-1", "gw-2"]);
    expect(second.missing.map(({ gateway }) => gateway)).toEqual(["gw-3"]);
  });

  test("a store that refuses this user, or all changes, is a problem that ends with its cause", async () => {
    await start(2);
    const [one] = gateways;
    await server.cli("acl", "setuser", "default", "-hset", "-eval");
    one?.fleet.opened(holderOfSource(1), hour);
    await expect.poll(() => one?.fleet.state.failure, patience).toMatch(/ refuses: NOPERM /);
    expect(one?.fleet.state).toMatchObject({ isJoined: true, waiting: 1 });
    await server.cli("acl", "setuser", "default", "+@all");
    await openAtAll(1, hour);
    await expect.poll(() => one?.fleet.state.failure, patience).toBeUndefined();
    // A password that is not ours.
    await server.cli("config", "set", "requirepass", "secret");
    proxyAt(0).close();
    proxies[0] = await StoreProxy.open(server, "way-3");
    const late = make("gw-3", () => proxyAt(0).connect());
    gateways.push(late);
    await expect.poll(() => late.fleet.state.failure, patience).toMatch(/ refuses: NOAUTH /);
    late.fleet.opened(holderOfSource(2), hour);
    await server.cli("-a", "secret", "config", "set", "requirepass", "");
    await joined(late);
    await expect.poll(() => gatewayAt(1).fleet.endOf(holderOfSource(2)), patience).toBeDefined();
  });

  test("a store that becomes a replica is left, and joined again when it is none", async () => {
    await start(3);
    gatewayAt(0).fleet.opened(holderOfSource(1), hour);
    await openAtAll(1, hour);
    await server.cli("replicaof", "127.0.0.1", "1");
    gatewayAt(1).fleet.opened(holderOfSource(2), hour);
    await expect.poll(() => gatewayAt(1).fleet.state.isJoined, patience).toBe(false);
    await server.cli("replicaof", "no", "one");
    await openAtAll(2, hour);
  });

  test("a store whose clock jumps moves no lease", async () => {
    let ahead = 0;
    for (const name of ["gw-1", "gw-2", "gw-3"]) {
      const connect = async () => {
        const board = await server.connect();
        const time = board.time.bind(board);
        board.time = async () => fleetTime((await time()) + ahead);
        return board;
      };
      gateways.push(make(name, connect));
    }
    await joined(...gateways);
    gatewayAt(0).fleet.opened(holderOfSource(1), 2 * hour);
    gatewayAt(1).fleet.opened(holderOfSource(2), 2 * hour);
    await openAtAll(1, 2 * hour);
    for (const jump of [hour, -2 * hour]) {
      ahead += jump;
      // Each measures it by a round trip of its own.
      const errors = () => gateways.map(({ fleet }) => Math.abs(fleet.state.clockJump - jump));
      await expect.poll(() => Math.max(...errors()), patience).toBeLessThan(1_000);
      await openAtAll(1, 2 * hour);
      await openAtAll(2, 2 * hour);
      gatewayAt(2).fleet.closed(holderOfSource(2), hour);
      await closedAtAll(2);
      gatewayAt(1).fleet.opened(holderOfSource(2), 2 * hour);
      await openAtAll(2, 2 * hour);
    }
    await expect.poll(() => left(1).every((one) => one > hour && one < 2 * hour)).toBe(true);
    for (const n of [1, 2]) alike(n);
  });

  test("a gateway that is asleep while the log is trimmed past it catches up by the table", async () => {
    let wake = () => {};
    let isAsleep = false;
    await start(1);
    const sleeper = make("gw-2", async () => {
      const board = await server.connect();
      const follow = board.follow.bind(board);
      board.follow = async (...place) => {
        const batch = await follow(...place);
        if (isAsleep) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return batch;
      };
      return board;
    });
    gateways.push(sleeper);
    await joined(sleeper);
    isAsleep = true;
    for (let i = 0; i < 2_300; i++) {
      gatewayAt(0).fleet.opened(holderOfSource(1 + (i % 200)), hour);
      await new Promise((resolve) => setImmediate(resolve));
      await expect.poll(() => gatewayAt(0).fleet.state.waiting, { interval: 1 }).toBe(0);
    }
    gatewayAt(0).fleet.closed(holderOfSource(7), hour);
    isAsleep = false;
    wake();
    await openAtAll(200, hour);
    await closedAtAll(7);
    expect(sleeper.fleet.state.resyncs.gap).toBeGreaterThan(0);
  }, 120_000);

  describe("a store in hostile hands", () => {
    let hand: RedisConnection;
    beforeEach(async () => {
      await start(2);
      const { address } = server.access;
      if (address.kind !== "unix") throw new Error("no socket");
      hand = await openConnection({ address, limits: patientLimits });
      for (let n = 1; n <= 5; n++) gatewayAt(0).fleet.opened(holderOfSource(n), hour);
      gatewayAt(0).fleet.closed(holderOfSource(2), hour);
      await openAtAll(5, hour);
      await closedAtAll(2);
    });
    afterEach(() => hand.close());

    const table = "sesame:{office}:now";
    const ask = (...words: readonly (string | Buffer)[]) => hand.ask(words, 20_000);
    async function rows(key = table): Promise<(readonly [string, Buffer])[]> {
      const all = await ask("HGETALL", key);
      if (!Array.isArray(all)) throw new Error("no hash");
      return Array.from({ length: all.length / 2 }, (_, i) => [
        String(all[2 * i]),
        Buffer.from(all[2 * i + 1]),
      ]);
    }
    /** Puts rows into the log as gateways do. */
    const tell = async (entries: readonly (readonly [string, Buffer | string])[]) => {
      for (let i = 0; i < entries.length; i += 64) {
        const n = String(await ask("INCR", "sesame:{office}:n"));
        const words = entries.slice(i, i + 64).flat();
        await ask("XADD", "sesame:{office}:log", "*", "n", n, ...words);
      }
    };
    const stateOf = () => [1, 2, 3, 4, 5].map((n) => left(n).map((one) => one > 0));

    test("neither opens nor closes by what it changes, swaps, repeats or makes up", async () => {
      const before = stateOf();
      const all = await rows();
      expect(all.length).toBe(5);
      const [[field = "", sealed = Buffer.alloc(0)] = []] = all;
      const flipped = Array.from(sealed, (byte, i) => {
        const changed = Buffer.from(sealed);
        changed[i] = byte ^ 1;
        return [field, changed] as const;
      });
      await tell(flipped);
      // Each in the place of the next one, cut, made longer, empty, and a megabyte of nothing.
      await tell(all.map(([, value], i) => [all[(i + 1) % all.length]?.[0] ?? "", value]));
      await tell(all.map(([name, value]) => [name, value.subarray(0, 40)]));
      await tell(all.map(([name, value]) => [name, Buffer.concat([value, Buffer.alloc(9)])]));
      await tell([
        [field, ""],
        ["", sealed],
        ["x".repeat(5_000), "9"],
      ]);
      await tell([[field, Buffer.concat([Buffer.from("9999999999999 "), Buffer.alloc(1 << 20)])]]);
      // What was told before, all of it, backwards.
      await tell([...all, ...all].toReversed());
      gatewayAt(1).fleet.opened(holderOfSource(9), hour);
      await openAtAll(9, hour);
      expect(stateOf()).toEqual(before);
      // To the other one they bear its own name.
      const { forged, foreign } = gatewayAt(1).fleet.state.incoming;
      expect(forged + foreign).toBeGreaterThanOrEqual(flipped.length);
      expect(gateways.map(({ lines }) => lines)).toEqual([["joined"], ["joined"]]);
    });

    test("a table of garbage and foreign types does no more than to be counted", async () => {
      const before = stateOf();
      for (const [field] of await rows()) await ask("HSET", table, field, Buffer.alloc(5_000, 7));
      for (let i = 0; i < 500; i++) {
        await ask("HSET", table, `f${i}`, `${2 * Date.now()} ${"x".repeat(200)}`);
        await ask("HSET", "sesame:{office}:gateways", `f${i}`, `1 ${"x".repeat(i)}`);
      }
      const late = make("gw-3", () => server.connect());
      gateways.push(late);
      await joined(late);
      expect(gatewayAt(2).fleet.state.incoming.foreign).toBeGreaterThan(500);
      gatewayAt(0).fleet.opened(holderOfSource(9), hour);
      await openAtAll(9, hour);
      gateways.pop();
      expect(stateOf()).toEqual(before);
      await late.stop();
      for (const key of ["now", "end", "log", "n", "gateways", "used"]) {
        await ask("SET", `sesame:{office}:${key}`, "text");
      }
      gatewayAt(1).fleet.opened(holderOfSource(10), hour);
      await expect.poll(() => gatewayAt(1).fleet.state.failure, patience).toBeDefined();
      expect(stateOf()).toEqual(before);
      await ask("FLUSHALL");
      await openAtAll(10, hour);
    });

    test("a table that is too large is not joined, and those who are in the fleet go on", async () => {
      for (let i = 0; i < 150; i++) await ask("HSET", table, `f${i}`, Buffer.alloc(1 << 20, 7));
      const late = make("gw-3", () => server.connect());
      gateways.push(late);
      await expect
        .poll(() => late.fleet.state.failure, patience)
        .toMatch(/more rows than a fleet can|no answer for/);
      expect(late.lines).toHaveLength(1);
      gatewayAt(0).fleet.opened(holderOfSource(9), hour);
      await expect.poll(() => gatewayAt(1).fleet.endOf(holderOfSource(9)), patience).toBeDefined();
      expect(gatewayAt(1).lines).toEqual(["joined"]);
      for (let i = 0; i < 150; i++) await ask("HDEL", table, `f${i}`);
      await openAtAll(9, hour);
    });

    test("an old opening that is shown again after its closing stays closed", async () => {
      const old = await rows();
      gatewayAt(1).fleet.closed({ kind: "all" }, hour);
      for (const n of [1, 2, 3, 4, 5]) await closedAtAll(n);
      await ask("DEL", table);
      for (const row of old) await ask("HSET", table, ...row);
      await tell(old);
      gatewayAt(1).fleet.opened(holderOfSource(9), hour);
      await openAtAll(9, hour);
      expect(stateOf().flat()).not.toContain(true);
      // A gap in the log is noticed, and the table is made whole for those that come later.
      await ask("INCR", "sesame:{office}:n");
      gatewayAt(1).fleet.opened(holderOfSource(10), hour);
      await openAtAll(10, hour);
      await expect.poll(async () => (await rows()).length, patience).toBe(old.length + 3);
      const late = make("gw-3", () => server.connect());
      gateways.push(late);
      await joined(late);
      for (const n of [1, 2, 3, 4, 5]) await closedAtAll(n);
      await openAtAll(9, hour);
    });
  });
});

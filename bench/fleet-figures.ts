// What is measured of gateways around a store, each in a process of its own, without doors.
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "../test/live/redis-server.ts";
import { FleetProcess } from "./fleet-process.ts";
import { median } from "./statistics.ts";
import type { Course } from "./targets.ts";

/** Of fleets of one size. */
export interface FleetFigures {
  readonly gateways: number;
  /** From a lease at one gateway until the last of the others had it: milliseconds, one a lease. */
  readonly delays: readonly number[];
  /** CPU of the store, and of a gateway that hears: microseconds a lease. */
  readonly storeCost: number;
  readonly gatewayCost: number;
}

/** What many leases take. */
export interface FleetLoad {
  readonly leases: number;
  /** Leases a second, from the first one told to the last one heard by all, one a round. */
  readonly rates: readonly number[];
  /** From the start of another gateway until it knew all of them: milliseconds, one a round. */
  readonly rejoins: readonly number[];
  /** Bytes of a record in the store, its field included, and of the store itself. */
  readonly recordBytes: number;
  readonly storeBytes: number;
}

/** Lets a fleet of each size open leases, one after the other. */
export async function measureSizes(
  sizes: readonly number[],
  { quick, progress }: Course,
): Promise<FleetFigures[]> {
  const leases = quick ? 30 : 300;
  const figures: FleetFigures[] = [];
  for (const gateways of sizes) {
    progress(`a lease at one gateway to all of ${gateways}`);
    await withFleet(gateways, async (members, store) => {
      const [one, ...others] = members;
      if (one === undefined) return;
      const before = { store: await cpuOf(store), others: cpuOfAll(others) };
      const delays: number[] = [];
      for (let n = 1; n <= leases; n++) {
        one.open({ first: n, count: 1 });
        await Promise.all(others.map((other) => other.until(() => other.heard.has(n))));
        await one.until(() => one.opened.has(n));
        const last = Math.max(...others.map((other) => other.heard.get(n) ?? Number.NaN));
        delays.push(last - (one.opened.get(n) ?? Number.NaN));
        // At any moment of what else happens.
        await sleep(5 + Math.random() * 20);
      }
      figures.push({
        ...{ gateways, delays: delays.slice(leases / 10) },
        storeCost: (((await cpuOf(store)) - before.store) * 1e6) / leases,
        gatewayCost: ((cpuOfAll(others) - before.others) * 1e6) / leases / others.length,
      });
    });
  }
  return figures;
}

/** Lets three gateways share many leases, told as fast as it goes, and another one come to them. */
export async function measureLoad({ quick, progress }: Course): Promise<FleetLoad> {
  const leases = quick ? 2_000 : 20_000;
  const [rates, rejoins]: [number[], number[]] = [[], []];
  let [recordBytes, storeBytes] = [0, 0];
  for (let round = 1; round <= (quick ? 1 : 3); round++) {
    progress(`${leases} leases, and a gateway that comes to them, round ${round}`);
    await withFleet(3, async ([one, ...others], store, socket) => {
      if (one === undefined) return;
      // As knocks do, they come in many turns of the event loop.
      const part = 100;
      for (let first = 1; first <= leases; first += part) one.open({ first, count: part });
      await Promise.all(others.map((other) => other.until(() => other.heard.size === leases)));
      const begin = one.opened.get(1) ?? Number.NaN;
      const end = Math.max(...others.flatMap((other) => [...other.heard.values()].slice(-1)));
      rates.push((leases / (end - begin)) * 1_000);
      const [key] = (await store.cli("hrandfield", "sesame:{bench}:now")).split("\n");
      const length = await store.cli("hstrlen", "sesame:{bench}:now", key ?? "");
      recordBytes = Number(length) + (key ?? "").length;
      storeBytes = Number(/used_memory:(\d+)/.exec(await store.cli("info", "memory"))?.[1]);
      for (let i = 1; i <= 3; i++) {
        const late = await FleetProcess.start(`late-${i}`, socket);
        if (late.holders < leases) throw new Error(`it knew ${late.holders} of ${leases} leases`);
        rejoins.push(late.joined);
        await late.stop();
      }
    });
  }
  return { leases, rates, rejoins, recordBytes, storeBytes };
}

async function withFleet(
  count: number,
  measure: (members: FleetProcess[], store: RedisServer, socket: string) => Promise<void>,
): Promise<void> {
  const store = await RedisServer.start();
  const socket = store.folder.at("redis.sock");
  const members: FleetProcess[] = [];
  try {
    for (let i = 1; i <= count; i++) members.push(await FleetProcess.start(`gw-${i}`, socket));
    await measure(members, store, socket);
  } finally {
    await Promise.all(members.map((member) => member.stop()));
    await store.close();
  }
}

/** Seconds of CPU that a store has used. */
async function cpuOf(store: RedisServer): Promise<number> {
  const text = await store.cli("info", "cpu");
  const member = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1]);
  return member("used_cpu_sys") + member("used_cpu_user");
}

function cpuOfAll(members: readonly FleetProcess[]): number {
  return members.map((member) => member.usage().cpu).reduce((a, b) => a + b, 0);
}

/** Returns what 300 gateways come to, by what was measured: one row a question. */
export function onPaper(
  figures: readonly FleetFigures[],
  { recordBytes, rejoins, leases }: FleetLoad,
): readonly (readonly [string, string])[] {
  const many = 300;
  // The store's work for a lease grows by one answer for each gateway: a straight line through the sizes.
  const [small, large] = [figures[0], figures.at(-1)];
  if (small === undefined || large === undefined) return [];
  const slope = (large.storeCost - small.storeCost) / (large.gateways - small.gateways);
  const cost = Math.max(0, small.storeCost + slope * (many - small.gateways));
  const megabytes = (rate: number) => (rate * many * (recordBytes + 60)) / 1e6;
  const share = (rate: number) => (rate * cost) / 1e4;
  const whole = many * leases * (recordBytes + 20);
  const round = (value: number) => Number(value.toPrecision(2)).toLocaleString("en-US");
  return [
    ["heartbeats and looks at the log, a second, at rest", `${many / 5} and ${many / 2}`],
    ["store, CPU for a lease that 300 hear of one by one", `${round(cost / 1000)} ms`],
    [
      "30 leases/s: answers of the store; its CPU",
      `${round(megabytes(30))} MB/s; ${round(share(30))} %`,
    ],
    [
      "400 leases/s: answers of the store; above 50 gateways each reads 20 times a second, so that its CPU is that of",
      `${round(megabytes(400))} MB/s; ${round(many * 20)} answers/s`,
    ],
    [
      `all 300 come back at once to ${leases.toLocaleString("en-US")} leases: bytes, and the time of one of them`,
      `${round(whole / 1e6)} MB; ${round(median(rejoins))} ms and the network's time`,
    ],
  ];
}

import { mkdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { openClient } from "../../src/control/client.ts";
import { SeededRandom } from "../differential/random.ts";
import type { Paths } from "../soak/doors.ts";
import { configuration, format, longest, oneTimeSequence } from "../soak/doors.ts";
import type { Reading } from "../soak/gauge.ts";
import { Gauge } from "../soak/gauge.ts";
import { SoakTraffic } from "../soak/traffic.ts";
import { address } from "../support/packets.ts";
import type { Point } from "../support/trend.ts";
import { growth, median } from "../support/trend.ts";
import { Folder, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

/** `npm run soak` says how many. */
const minutes = Number(process.env["SOAK_MINUTES"] ?? 1);
const seed = Number(process.env["SOAK_SEED"] ?? Date.now() % 1e9);

/** How often it is looked at what the daemon holds: milliseconds. */
const interval = 3_000;

/** Retransmissions are told by what a source sent in the last 130 s: until then memory may well grow. */
const settled = 150_000;

/** Timers that are under way for a minute after the last packet: of idle memory and of the traffic. */
const mostTimers = 2;

/** Bytes that the heap may seem to grow in the second half by chance, in a run that is long enough to tell. */
const noise = 1 << 20;

describe.skipIf(needs())(`a daemon in mixed traffic for ${minutes} min (SOAK_SEED=${seed})`, () => {
  const folder = new Folder();
  const paths: Paths = {
    effects: folder.at("effects"),
    log: folder.at("k.log"),
    marks: folder.at("marks"),
    oneTimeList: folder.at("once"),
    state: folder.at("state"),
    socket: folder.at("control.sock"),
  };
  const gauge = new Gauge();
  let wire: Wire;
  let daemon: Process;
  let traffic: SoakTraffic;
  let before: Reading;
  let after: Reading;
  let hasNftables: boolean;

  beforeAll(
    async () => {
      hasNftables = needs("nft") === undefined;
      wire = await Wire.lay();
      await run(["ip", "address", "add", "10.77.0.1/24", "dev", wire.near]);
      if (LiveNetwork.hasIPv6) {
        await run(["sh", "-c", `echo 0 >/proc/sys/net/ipv6/conf/${wire.near}/disable_ipv6`]);
        await run(["ip", "address", "add", "fd77::1/64", "dev", wire.near, "nodad"]);
      }
      mkdirSync(paths.marks);
      const config = folder.write("knockd.conf", configuration(paths, 0, hasNftables));
      const lines = Array.from({ length: Math.ceil(minutes * 120) + 20 }, (_, i) =>
        oneTimeSequence(i),
      );
      folder.write("once", `${lines.map(format).join("\n")}\n`);
      const argv = [process.execPath, ...gauge.argv, ...knockd, "-c", config, "-v"];
      daemon = new Process(argv, { env: gauge.env });
      await daemon.waitFor(/^listening on /m, 10_000);
      traffic = new SoakTraffic({
        daemon,
        wire,
        addresses: [
          address("10.77.0.1"),
          ...(LiveNetwork.hasIPv6 ? ([address("fd77::1")] as const) : ([] as const)),
        ],
        paths,
        config,
        knockctl: (...args) => [...knockctl, ...args, "--socket", paths.socket],
        hasNftables,
        random: new SeededRandom(seed),
      });
      // What is opened once and kept (threads, sockets) is there after everything was done once.
      await traffic.run(0);
      before = await calm();
      const reading = readNowAndThen();
      await traffic.run(performance.now() + minutes * 60_000);
      await reading.stop();
      after = await calm();
      console.log(summary());
    },
    (minutes + 1) * 60_000,
  );
  afterAll(async () => {
    if (!daemon.running) console.log(`the daemon has ended:\n${daemon.stderr.slice(-4_000)}`);
    await daemon?.stop();
    await wire?.close();
  });

  /** What is held when no knock and no lease is under way any more: half a minute is enough for that. */
  async function calm(): Promise<Reading> {
    const client = await openClient(paths.socket, systemClock);
    for (let tries = 0; tries < 150; tries++) {
      await sleep(500);
      const { leaseCount, knocksByStage } = await client.ask("status", {});
      if (leaseCount === 0 && knocksByStage.every((count) => count === 0)) break;
    }
    client.close();
    await sleep(longest);
    // A timer may outlive what it was for; one that is never over is a leak.
    for (let tries = 0; tries < 14; tries++) {
      const reading = await gauge.read(daemon);
      const { Timeout: timers = 0, ...others } = reading.resources;
      if (timers <= mostTimers) return { ...reading, resources: others };
      await sleep(1_000);
    }
    return await gauge.read(daemon);
  }

  function readNowAndThen(): { readonly stop: () => Promise<void> } {
    const stopping = new AbortController();
    const { signal } = stopping;
    const done = (async () => {
      while (!signal.aborted) {
        await sleep(interval, undefined, { signal }).catch(() => {});
        await gauge.read(daemon);
      }
    })();
    return {
      stop: () => {
        stopping.abort();
        return done;
      },
    };
  }

  /** The second half, or what of it comes after memory had the time to settle. */
  function lateReadings(): Reading[] {
    const from = Math.max(after.time / 2, Math.min(settled, after.time * 0.75));
    return gauge.readings.filter(({ time }) => time >= from);
  }

  const grown = (what: "heap" | "external" | "resident"): number =>
    growth(lateReadings().map((reading): Point => [reading.time, reading[what]]));

  function summary(): string {
    const { readings } = gauge;
    const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
    const memory = (["heap", "external", "resident"] as const).map((name) => {
      const late = mib(median(lateReadings().map((reading) => reading[name])));
      const most = mib(Math.max(...readings.map((reading) => reading[name])));
      return `${name}: ${mib(before[name])} before, ${mib(after[name])} after, ${most} at most; late median ${late}, grown late ${mib(grown(name))}`;
    });
    const kinds = new Set(readings.flatMap((reading) => Object.keys(held(reading))));
    const counts = [...kinds].toSorted().map((kind) => {
      const [first, last] = [before, after].map((reading) => held(reading)[kind] ?? 0);
      const most = Math.max(...readings.map((reading) => held(reading)[kind] ?? 0));
      return `${kind}: ${first} before, ${last} after, ${most} at most`;
    });
    const done = Object.entries(traffic.done).map(([name, times]) => `${name}: ${times}`);
    const doors = `doors to open: ${traffic.openings.length}`;
    const lines = [doors, ...done, `readings: ${readings.length}`, ...memory, ...counts];
    return lines.map((line) => `  ${line}`).join("\n");
  }

  test("opens every door for everybody who knocks right, and closes it again", () => {
    const effects = new Map<string, string>();
    for (const line of readFileSync(paths.effects, "utf8").split("\n")) {
      const [what = "", ...who] = line.split(" ");
      effects.set(who.join(" "), (effects.get(who.join(" ")) ?? "") + what);
    }
    const log = readFileSync(paths.log, "utf8");
    const opened = new Set([...log.matchAll(/(\S+): native: OPEN SESAME/g)].map(([, who]) => who));
    const closed = new Set([...log.matchAll(/(\S+): native: closed/g)].map(([, who]) => who));
    const wrong = traffic.openings.flatMap(({ door, source }) => {
      if (door === "native") {
        const seen = [opened.has(source) && "opened", closed.has(source) && "closed"];
        return seen.every(Boolean) ? [] : [`${door} ${source}: ${seen.filter(Boolean).join()}`];
      }
      const seen = effects.get(`${door} ${source}`) ?? "nothing";
      return /^BE+$/.test(seen) ? [] : [`${door} ${source}: ${seen}`];
    });
    expect(wrong).toEqual([]);
    // Also what opened although it need not have.
    const open = [...effects].filter(([, seen]) => seen.lastIndexOf("B") > seen.lastIndexOf("E"));
    expect([open, [...opened].filter((who) => !closed.has(who))]).toEqual([[], []]);
    expect(traffic.openings.length).toBeGreaterThan(minutes * 60);
  });

  test.skipIf(needs("nft"))(
    "leaves the protection on, and nothing open in the kernel",
    async () => {
      const { stdout } = await run(["nft", "--json", "list", "ruleset"]);
      const { nftables } = JSON.parse(stdout) as { nftables: readonly { set?: NftSet }[] };
      const filled = nftables.flatMap(({ set }) => (set?.timeout && set.elem ? [set.name] : []));
      expect(stdout).toMatch(/"hook": "prerouting"/);
      expect(filled).toEqual([]);
    },
  );

  test("leaves no lease, no attempt and no child behind", async () => {
    // Commands fail on purpose, and the last reload may have been one that cannot be used.
    const made = ["command-failed", "config-refused"];
    const ask = async () => {
      const client = await openClient(paths.socket, systemClock);
      const status = await client.ask("status", {});
      client.close();
      const problems = status.problems.filter(({ code }) => !made.includes(code));
      return { ...status, problems };
    };
    // Rules that were flushed are a problem until ten quiet seconds have passed.
    await expect.poll(ask).toMatchObject({ leaseCount: 0, problems: [] });
    const status = await ask();
    expect(status.knocksByStage.filter((count) => count > 0)).toEqual([]);
    expect(status.capture.dropped).toBe(0);
    expect(after.children).toEqual([]);
  });

  test("holds no timer, descriptor or thread more than at the beginning", () => {
    const { resources, descriptors, threads } = after;
    expect({ resources, descriptors }).toEqual({
      resources: before.resources,
      descriptors: before.descriptors,
    });
    expect(threads).toBeLessThanOrEqual(before.threads);
  });

  // A minute is too short to tell a leak from what is remembered for two.
  test.skipIf(minutes < 6)("needs no more memory in the end", () => {
    expect(grown("heap")).toBeLessThan(noise);
    expect(grown("external")).toBeLessThan(noise);
  });

  test("says nothing that is an error", () => {
    expect(daemon.running).toBe(true);
    const unexpected = daemon.stderr.split("\n").filter((line) => !expected.test(line));
    expect(unexpected).toEqual([]);
  });
});

interface NftSet {
  readonly name: string;
  readonly timeout?: number;
  readonly elem?: readonly unknown[];
}

/** All that can be counted. */
function held({ threads, children, resources, descriptors }: Reading): Record<string, number> {
  return { threads, children: children.length, ...resources, ...descriptors };
}

/**
 * What broken configurations, bad commands, clients that talk nonsense, flushes and shortages make the
 * daemon and its commands say.
 */
const expected = new RegExp(
  [
    "^$",
    "knockd\\.conf:",
    "the configuration stays as it was",
    "longer than command_timeout",
    "^control: ",
    "^warning: ",
    "command returned non-zero status code",
    "may still be open: closing failed . times?: .*; next attempt in",
    "table .* was modified externally: restoring rules",
    "Too many open files",
    "^following network changes again$",
    "^/bin/sh: ",
    "Invalid argument$",
  ].join("|"),
);

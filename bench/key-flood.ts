// Floods at the port of knocks by key, while holders of keys knock four times a second.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "./daemon.ts";
import type { KeyPeer } from "./key-peer.ts";
import { KeySender } from "./key-sender.ts";
import type { MeasuredOpening } from "./prober.ts";
import { Prober } from "./prober.ts";
import { sniffedPackets } from "./sesame-keys.ts";
import { figure, median } from "./statistics.ts";
import type { Course, Finding, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientNetwork, serverAddresses } from "./test-bed.ts";
import type { GeneratorResult } from "./traffic.ts";
import { startTraffic, trafficSent } from "./traffic.ts";

/** Keys of each daemon: the first half knocks, what the others send is replayed. */
const keyCount = 100;
const replayed = keyCount / 2;

/** Milliseconds: from one knock to the next, and how long a client waits for the port unless told. */
const period = 250;
const usualPatience = 500;

/** SYNs that look for the open port go out about this often: milliseconds. */
const pace = 0.3;

/** Packets a second that the daemon must bear without a lost knock, and of sniffed hints. */
const wanted = 200_000;
const hintRate = 50_000;

/** Tries of a client whose hints are flooded. */
const mostTries = 3;

const floods = {
  strangers: { label: "strangers", tries: 1 },
  replays: { label: "exact replays", tries: 1 },
  hints: { label: "sniffed hints of who knocks", tries: mostTries },
  "all hints": { label: "sniffed hints of all keys", tries: mostTries },
} as const;

type KeyFloodName = keyof typeof floods;

/** What happened to one daemon in one flood. */
export interface KeyFloodRun {
  readonly flood: KeyFloodName;
  readonly label: KeyPeer["label"];
  /** Packets a second; 0: as fast as it goes. */
  readonly rate: number;
  readonly sent: GeneratorResult;
  readonly knocks: number;
  /** Of each that opened: the tries, and the time of the last of them. */
  readonly openings: readonly { readonly tries: number; readonly time: number }[];
  /** Cores. */
  readonly cpu: number;
  readonly lost: number | undefined;
}

export async function measureKeyFloods(
  stage: BenchTestBed,
  peers: readonly KeyPeer[],
  { quick, progress }: Course,
): Promise<ReportPart> {
  const seconds = quick ? 2 : 10;
  const runs: KeyFloodRun[] = [];
  for (const flood of ["strangers", "replays"] as const) {
    for (const peer of peers) {
      for (const rate of peer.rates) {
        progress(`${floods[flood].label}, ${rateText(rate)}: ${peer.label}`);
        const run = await playKeyFlood(stage, peer, flood, rate, seconds);
        runs.push(run);
        // Beyond its limit there is nothing to find.
        if (run.openings.length < run.knocks) break;
      }
    }
  }
  for (const peer of peers.filter(({ label }) => label === "Sesame")) {
    for (const flood of ["hints", "all hints"] as const) {
      progress(`${floods[flood].label}, ${rateText(hintRate)}: ${peer.label}`);
      runs.push(await playKeyFlood(stage, peer, flood, hintRate, seconds));
    }
  }
  return report(runs);
}

export async function playKeyFlood(
  stage: BenchTestBed,
  peer: KeyPeer,
  flood: KeyFloodName,
  rate: number,
  seconds: number,
  patience: number = usualPatience,
): Promise<KeyFloodRun> {
  await stage.shut(peer.shut);
  const folder = makeFolder();
  const daemon = await peer.start(stage, keyCount, "counting");
  const sender = new KeySender(stage, peer);
  const prober = new Prober(stage, serverAddresses[0]);
  try {
    await sleep(300);
    const payloads = join(folder, "payloads");
    writeFileSync(payloads, Buffer.concat(await makePayloads(peer, flood, sender)));
    if (peer.hasNetworks) await knockBefore(peer, sender);
    const generator = await startTraffic(stage, {
      ...{ kind: "datagrams", port: peer.port, payloads, payloadLength: peer.payloadLength },
      ...{ source: "11.0.0.0", sources: 2 ** 16, seconds: seconds + 1.5 },
      ...(rate > 0 && { rate }),
    });
    const before = daemon.usage();
    await sleep(500);
    const knocks: (KeyFloodRun["openings"][number] | undefined)[] = [];
    const begin = performance.now();
    for (let n = 0; performance.now() - begin < seconds * 1_000 && generator.running; n++) {
      const tryOnce = () => {
        // Each knock comes from another address, so that it finds the door shut.
        const look = { source: clientNetwork + 1 + n, patience };
        return sender.knock(prober, n % replayed, look, pace);
      };
      knocks.push(knock(tryOnce, floods[flood].tries));
      await sleep(Math.max(1, begin + (n + 1) * period - performance.now()));
    }
    const sent = await trafficSent(generator);
    const cpu = (daemon.usage().cpu - before.cpu) / sent.seconds;
    const openings = knocks.filter((one) => one !== undefined);
    const lost = await daemon.readLost();
    return { flood, label: peer.label, rate, sent, knocks: knocks.length, openings, cpu, lost };
  } finally {
    prober.close();
    sender.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets each client that will knock do so once, from another address of its network. */
async function knockBefore(peer: KeyPeer, sender: KeySender): Promise<void> {
  for (let key = 0; key < replayed; key++) {
    sender.send(clientNetwork + 200 + key, peer.seal(key, Date.now()));
    await sleep(20);
  }
}

/** What the flood consists of. */
async function makePayloads(
  peer: KeyPeer,
  flood: KeyFloodName,
  sender: KeySender,
): Promise<Uint8Array[]> {
  const minute = Math.floor(Date.now() / 60_000);
  switch (flood) {
    case "strangers":
      return Array.from({ length: 4_096 }, () => peer.makeStranger());
    // More for each hint than it has tries: this minute's and, since one may begin, the next one's.
    case "hints":
      return sniffedPackets(keyCount - replayed, [minute, minute + 1]);
    // As many as have tries for all: each costs a check.
    case "all hints":
      return sniffedPackets(keyCount, [minute - 2, minute - 1, minute]);
    case "replays": {
      const used: Uint8Array[] = [];
      for (let key = replayed; key < keyCount; key++) {
        const packet = peer.seal(key, Date.now());
        sender.send(clientNetwork + 60_000 + key, packet);
        used.push(packet);
        await sleep(40);
      }
      return used;
    }
  }
}

function knock(
  tryOnce: () => MeasuredOpening,
  mostTries: number,
): KeyFloodRun["openings"][number] | undefined {
  for (let tries = 1; tries <= mostTries; tries++) {
    const { time } = tryOnce();
    if (time !== undefined) return { tries, time };
  }
  return undefined;
}

function rateText(rate: number): string {
  return rate === 0 ? "as fast as it goes" : `${figure(rate)}/s`;
}

function reached({ sent }: KeyFloodRun): number {
  return sent.sent / sent.seconds;
}

function isWhole({ openings, knocks }: KeyFloodRun): boolean {
  return openings.length === knocks;
}

function report(runs: readonly KeyFloodRun[]): ReportPart {
  const hints = runs.filter(({ flood }) => floods[flood].tries > 1);
  const failures = runs.flatMap((run) => {
    const isRequired = run.label === "Sesame" && run.rate > 0 && run.rate <= wanted;
    if (isWhole(run) || !isRequired) return [];
    const missing = run.knocks - run.openings.length;
    return [
      `${floods[run.flood].label}, ${rateText(run.rate)}: ${missing} of ${run.knocks} knocks by key did not open`,
    ];
  });
  return {
    findings: {
      "keys-strangers": limitFinding(runs, "strangers"),
      "keys-replays": limitFinding(runs, "replays"),
      "keys-hints": hintFinding(hints),
    },
    tables: [
      {
        title: "Knocks by key in floods",
        head: [
          "flood",
          "asked",
          "really sent",
          "daemon",
          "opened",
          "median (ms)",
          "tries, at most",
          "CPU (cores)",
          "lost in the ring",
        ],
        rows: runs.map((run) => [
          floods[run.flood].label,
          rateText(run.rate),
          `${figure(reached(run))}/s`,
          run.label,
          `${run.openings.length} of ${run.knocks}`,
          figure(median(run.openings.map(({ time }) => time))),
          figure(Math.max(0, ...run.openings.map(({ tries }) => tries))),
          figure(run.cpu),
          run.lost === undefined ? "not visible" : figure(run.lost),
        ]),
        note:
          `${keyCount} keys; a knock each ${period} ms, which has ${usualPatience} ms to open the port; each system until it loses one. ` +
          "Strangers send packets that no key made. Sniffed hints are those of two of the four slots of each key: " +
          "of this minute, more often than a hint has tries, and of all keys in three minutes, as often. " +
          "Clients of fwknop knock at Sesame from networks from which they have opened something. " +
          "CPU is that of the daemon alone, without its commands.",
      },
    ],
    failures,
  };
}

/** The highest rate up to which every knock opened. */
function limitFinding(runs: readonly KeyFloodRun[], flood: KeyFloodName): Finding {
  const limitOf = (label: KeyPeer["label"]) => {
    const whole = runs.filter((run) => run.flood === flood && run.label === label && isWhole(run));
    return whole.length === 0 ? undefined : Math.max(...whole.map(reached));
  };
  const text = (label: KeyPeer["label"]) => {
    if (!runs.some((run) => run.label === label)) return "not available";
    const limit = limitOf(label);
    return limit === undefined ? "loses knocks at each rate" : `${figure(limit)}/s`;
  };
  const [ours, theirs] = [limitOf("Sesame"), limitOf("fwknopd")];
  return {
    ours: text("Sesame"),
    theirs: text("fwknopd"),
    ratio: ours === undefined || theirs === undefined ? "–" : `${figure(ours / theirs)}x`,
    met: ours !== undefined && ours >= wanted * 0.95,
  };
}

function hintFinding(runs: readonly KeyFloodRun[]): Finding {
  const slowest = Math.min(...runs.map(reached));
  return {
    ours: runs.map(({ openings, knocks }) => `${openings.length} of ${knocks}`).join(", "),
    theirs: "has none",
    met: runs.every(isWhole) && slowest >= hintRate * 0.95,
    note: `of who knocks, and of all keys; at ${figure(slowest)}/s`,
  };
}

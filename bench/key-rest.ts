// What keys cost while nothing happens: wake-ups, and memory.
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyPeer } from "./key-peer.ts";
import { KeySender } from "./key-sender.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Course, Finding, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientNetwork } from "./test-bed.ts";
import { switchesBetween } from "./usage.ts";

const few = 100;
const many = 5_000;
const KiB = 1 / 1_024;

/** How long to wait before, and to look: milliseconds. */
export interface RestTimes {
  /** V8 tidies up three times, the last some 25 s after the start, and a thread ends: nothing of it is periodic. */
  readonly settling: number;
  readonly looking: number;
}

const restTimes: RestTimes = { settling: 40_000, looking: 10_000 };

export async function measureKeyRest(
  stage: BenchTestBed,
  peers: readonly KeyPeer[],
  { quick, progress }: Course,
): Promise<ReportPart> {
  const switches = new Map<string, number[]>();
  const memories = new Map<string, readonly [few: number[], many: number[]]>();
  for (let round = 1; round <= (quick ? 1 : 3); round++) {
    progress(`at rest with ${few} keys, all at once, round ${round}`);
    await stage.shut("by rules");
    const found = await Promise.all(peers.map((peer) => switchesAtRest(stage, peer, restTimes)));
    for (const [i, { label }] of peers.entries()) {
      switches.set(label, [...(switches.get(label) ?? []), found[i] ?? Number.NaN]);
    }
    for (const peer of peers) {
      progress(`memory of ${figure(many)} keys, round ${round}: ${peer.label}`);
      const [before = [], after = []] = memories.get(peer.label) ?? [];
      memories.set(peer.label, [
        [...before, await memoryOf(stage, peer, few)],
        [...after, await memoryOf(stage, peer, many)],
      ]);
    }
  }
  return report(switches, memories);
}

/** How often the daemon woke up. */
export async function switchesAtRest(
  stage: BenchTestBed,
  peer: KeyPeer,
  { settling, looking }: RestTimes,
): Promise<number> {
  const daemon = await peer.start(stage, few);
  try {
    await sleep(settling);
    const before = daemon.usage();
    await sleep(looking);
    return switchesBetween(before, daemon.usage());
  } finally {
    await daemon.stop();
  }
}

/** KiB that are resident after a packet, for which hints of all keys are made. */
export async function memoryOf(
  stage: BenchTestBed,
  peer: KeyPeer,
  keyCount: number,
): Promise<number> {
  await stage.shut(peer.shut);
  const daemon = await peer.start(stage, keyCount);
  const sender = new KeySender(stage, peer);
  try {
    sender.send(clientNetwork + 1, peer.seal(0, Date.now()));
    for (const begin = performance.now(); daemon.accepted() === 0; await sleep(20)) {
      if (performance.now() - begin < 20_000) continue;
      throw new Error(`${peer.label} did not accept a packet`);
    }
    await sleep(1_000);
    return daemon.usage().resident;
  } finally {
    sender.close();
    await daemon.stop();
  }
}

function report(
  switches: ReadonlyMap<string, readonly number[]>,
  memories: ReadonlyMap<string, readonly [few: readonly number[], many: readonly number[]]>,
): ReportPart {
  const text = (label: string, of: (label: string) => string) =>
    switches.has(label) ? of(label) : "not available";
  const added = (label: string) => {
    const [before = [], after = []] = memories.get(label) ?? [];
    return (median(after) - median(before)) * KiB;
  };
  const wakeUps = (label: string) => spread(switches.get(label) ?? []);
  const finding: Finding = {
    ours: text("Sesame", wakeUps),
    theirs: text("fwknopd", wakeUps),
    met: Math.max(...(switches.get("Sesame") ?? [Number.NaN])) === 0,
    note: `context switches, from ${restTimes.settling / 1_000} s after the start on`,
  };
  return {
    findings: {
      "keys-rest": finding,
      "keys-memory": {
        ours: text("Sesame", (label) => figure(added(label), "MiB")),
        theirs: text("fwknopd", (label) => figure(added(label), "MiB")),
        ratio: times(added("Sesame"), added("fwknopd")),
        note: `what is resident with ${figure(many)} keys, without what is with ${few}`,
      },
    },
    tables: [
      {
        title: "Memory of keys (MiB)",
        head: ["daemon", `${few} keys`, `${figure(many)} keys`],
        rows: [...memories].map(([label, all]) => [
          label,
          ...all.map((found) => spread(found.map((resident) => resident * KiB))),
        ]),
        note: "Resident, one second after the first packet.",
      },
    ],
    failures: [],
  };
}

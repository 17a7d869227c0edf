// How many good packets a second are accepted.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "./daemon.ts";
import type { KeyPeer } from "./key-peer.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { startTraffic, trafficSent } from "./traffic.ts";

const keyCount = 100;

/** Packets a second that must be accepted. */
const wanted = 4_000;

/** Milliseconds without an accepted packet after which no more is expected. */
const patience = 3_000;

/** What became of the good packets of one run. */
export interface KeyRateRun {
  readonly label: KeyPeer["label"];
  /** How many addresses they came from. */
  readonly sources: number;
  readonly sent: number;
  readonly accepted: number;
  readonly lost: number | undefined;
  /** From the first packet to the last that was accepted. */
  readonly seconds: number;
  /** Seconds of CPU. */
  readonly cpu: number;
}

export async function measureKeyRate(
  stage: BenchTestBed,
  peers: readonly KeyPeer[],
  { quick, progress }: Course,
): Promise<ReportPart> {
  const runs: KeyRateRun[] = [];
  for (let round = 1; round <= (quick ? 1 : 3); round++) {
    for (const peer of peers) {
      const count = peer.offered.count / (quick ? 4 : 1);
      for (const sources of peer.offered.sources) {
        progress(`good packets, round ${round}: ${peer.label}, ${figure(sources)} addresses`);
        runs.push(await playKeyRate(stage, peer, count, sources));
      }
    }
  }
  return report(runs);
}

/** Offers `count` packets of all keys in turn, at the rate of the peer. */
export async function playKeyRate(
  stage: BenchTestBed,
  peer: KeyPeer,
  count: number,
  sources: number,
): Promise<KeyRateRun> {
  await stage.shut(peer.shut);
  const folder = makeFolder();
  const payloads = join(folder, "payloads");
  const daemon = await peer.start(stage, keyCount, "counting");
  try {
    // Made now: without a journal the daemon takes nothing from before its start.
    const now = Date.now();
    const packets = Array.from({ length: count }, (_, i) =>
      peer.seal(i % keyCount, now + (i * 1_000) / peer.offered.rate),
    );
    writeFileSync(payloads, Buffer.concat(packets));
    await sleep(300);
    const before = daemon.usage().cpu;
    const generator = await startTraffic(stage, {
      ...{ kind: "datagrams", port: peer.port, payloads, payloadLength: peer.payloadLength },
      ...{ source: "11.0.0.0", sources, count, rate: peer.offered.rate },
    });
    const begin = performance.now();
    let accepted = 0;
    let last = begin;
    while (accepted < count && performance.now() - last < patience) {
      await sleep(20);
      const found = daemon.accepted();
      if (found > accepted) last = performance.now();
      accepted = found;
    }
    const { sent } = await trafficSent(generator);
    const cpu = daemon.usage().cpu - before;
    const lost = await daemon.readLost();
    return {
      label: peer.label,
      sources,
      sent,
      accepted,
      lost,
      seconds: (last - begin) / 1_000,
      cpu,
    };
  } finally {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rateOf({ accepted, seconds }: KeyRateRun): number {
  return accepted / seconds;
}

function report(runs: readonly KeyRateRun[]): ReportPart {
  const rates = (label: KeyPeer["label"]) => {
    const own = runs.filter((run) => run.label === label);
    return own.filter(({ sources }) => sources === own[0]?.sources).map(rateOf);
  };
  const [ours, theirs] = [rates("Sesame"), rates("fwknopd")];
  return {
    findings: {
      "keys-good": {
        ours: spread(ours),
        theirs: theirs.length === 0 ? "not available" : spread(theirs),
        ratio: times(median(ours), median(theirs)),
        met: median(ours) >= wanted,
        note: "Sesame never takes more than 5,000 signatures a second; 4,500 were offered",
      },
    },
    tables: [
      {
        title: "Good packets by key",
        head: ["daemon", "addresses", "sent", "accepted", "a second", "CPU a packet (µs)", "lost"],
        rows: runs.map((run) => [
          run.label,
          figure(run.sources),
          figure(run.sent),
          figure(run.accepted),
          figure(rateOf(run)),
          figure((run.cpu / run.accepted) * 1e6),
          run.lost === undefined ? "not visible" : figure(run.lost),
        ]),
        note:
          `From ${keyCount} keys in turn; a row for each run. CPU is that of the daemon alone, without its commands: ` +
          "fwknopd runs iptables for each packet. From as many addresses as packets, each packet opens a port of its own.",
      },
    ],
    failures: [],
  };
}

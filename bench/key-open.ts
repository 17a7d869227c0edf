// From the packet of a key, and from the start of its client, to the first SYN that gets in.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder, plainEnvironment } from "./daemon.ts";
import type { KeyClient, KeyPeer } from "./key-peer.ts";
import { KeySender } from "./key-sender.ts";
import type { Look, MeasuredOpening } from "./prober.ts";
import { Prober } from "./prober.ts";
import { figure, median, quantile, spread, times } from "./statistics.ts";
import { addressText } from "./syn.ts";
import type { Course, Finding, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientNetwork, doorPort, ownClients, serverAddresses } from "./test-bed.ts";

const keyCount = 100;

/** Milliseconds that a knock has to open the port, unless told. */
const usualPatience = 1_000;

/** SYNs that look for the open port go out this often: milliseconds. After a client's start it would take its processor. */
const pace = 0.1;
const clientPace = 1;

/** What was seen of one system. */
export interface KeyOpenings {
  readonly label: KeyPeer["label"];
  /** From the packet on. */
  readonly packet: readonly MeasuredOpening[];
  /** From the start of the client on. */
  readonly client: readonly MeasuredOpening[];
}

export async function measureKeyOpening(
  stage: BenchTestBed,
  peers: readonly KeyPeer[],
  { quick, progress }: Course,
): Promise<ReportPart> {
  const [rounds, each] = quick ? [2, 5] : [4, 15];
  const found: KeyOpenings[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const peer of peers) {
      progress(`time to open by key, round ${round} of ${rounds}: ${peer.label}`);
      found.push(await playKeyOpening(stage, peer, each));
    }
  }
  return report(found, measureSync());
}

/** Knocks `each` times from packets, and `each` times by the client. */
export async function playKeyOpening(
  stage: BenchTestBed,
  peer: KeyPeer,
  each: number,
  patience: number = usualPatience,
): Promise<KeyOpenings> {
  await stage.shut(peer.shut);
  const folder = makeFolder();
  const daemon = await peer.start(stage, keyCount);
  const sender = new KeySender(stage, peer);
  const prober = new Prober(stage, serverAddresses[0]);
  try {
    const client = await peer.prepareClient(stage, folder);
    await sleep(300);
    const packet: MeasuredOpening[] = [];
    for (let n = 0; n < each; n++) {
      const look = { source: clientNetwork + 1 + n, patience };
      packet.push(sender.knock(prober, 1 + (n % (keyCount - 1)), look, pace));
      // Whatever buffers knocks in the daemons: they come at any moment of its period.
      await sleep(60 + Math.random() * 80);
    }
    const openings: MeasuredOpening[] = [];
    for (let n = 0; n < each; n++) {
      openings.push(
        await knockByClient(stage, prober, client, {
          source: ownClients + n,
          port: doorPort,
          patience,
        }),
      );
      await sleep(60 + Math.random() * 80);
    }
    return { label: peer.label, packet, client: openings };
  } finally {
    prober.close();
    sender.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function knockByClient(
  stage: BenchTestBed,
  prober: Prober,
  { argv, env }: KeyClient,
  look: Look,
): Promise<MeasuredOpening> {
  await stage.comeFrom(addressText(look.source), serverAddresses[0]);
  const [command = "", ...args] = argv;
  const looking = prober.follow(look, clientPace);
  const child = stage.at(stage.client, () =>
    spawn(command, args, { env: { ...plainEnvironment(), ...env }, stdio: "ignore" }),
  );
  const [opening, [code]] = await Promise.all([looking, once(child, "exit")]);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}`);
  return opening;
}

/** How long it takes until a line of a journal is on the disk: the median, in milliseconds. */
export function measureSync(): number {
  const folder = makeFolder();
  const file = openSync(join(folder, "journal"), "a");
  const found = Array.from({ length: 50 }, () => {
    const begin = performance.now();
    writeSync(file, `${"x".repeat(60)}\n`);
    fdatasyncSync(file);
    return performance.now() - begin;
  });
  closeSync(file);
  rmSync(folder, { recursive: true, force: true });
  return median(found);
}

function timesOf(openings: readonly MeasuredOpening[]): number[] {
  return openings.flatMap(({ time }) => time ?? []);
}

function report(found: readonly KeyOpenings[], sync: number): ReportPart {
  const all = (label: KeyPeer["label"], what: "packet" | "client") =>
    found.filter((one) => one.label === label).flatMap((one) => one[what]);
  const finding = (what: "packet" | "client", most: number): Finding => {
    const [ours, theirs] = [timesOf(all("Sesame", what)), timesOf(all("fwknopd", what))];
    return {
      ours: spread(ours, "ms"),
      theirs: theirs.length === 0 ? "not available" : spread(theirs, "ms"),
      ratio: times(median(theirs), median(ours)),
      met: median(ours) < most,
    };
  };
  const labels = [...new Set(found.map(({ label }) => label))];
  const rows = (["packet", "client"] as const).flatMap((what) =>
    labels.map((label) => {
      const openings = all(label, what);
      const seen = timesOf(openings);
      return [
        `${label}, from the ${what === "packet" ? "packet" : "start of the client"}`,
        `${seen.length} of ${openings.length}`,
        figure(median(seen)),
        `${figure(quantile(seen, 0.25))}..${figure(quantile(seen, 0.75))}`,
        figure(quantile(seen, 0.99)),
        `${figure(Math.min(...seen))}..${figure(Math.max(...seen))}`,
        figure(median(openings.map(({ gap }) => gap))),
      ];
    }),
  );
  const shut = [...all("Sesame", "packet"), ...all("Sesame", "client")].filter(
    ({ time }) => time === undefined,
  );
  return {
    findings: {
      "keys-open": {
        ...finding("packet", 2 + sync),
        note: `a sync of this disk takes ${figure(sync, "ms")}`,
      },
      "keys-client": finding("client", 60),
    },
    tables: [
      {
        title: "Time to open by key (ms)",
        head: ["", "opened", "median", "middle half", "p99", "least..most", "resolution"],
        rows,
        note:
          `${keyCount} keys. The packet's time is on the disk before the port opens. ` +
          "fwknopd reads packets each 100 ms, as Debian configures it.",
      },
    ],
    failures:
      shut.length === 0
        ? []
        : [`time to open by key: ${shut.length} knocks at Sesame did not open`],
  };
}

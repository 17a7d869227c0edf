// Many clients at once, and many doors.
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonName } from "./daemon.ts";
import { BenchDaemon, knockctl } from "./daemon.ts";
import { commandDoor, manyDoors, nativeDoor, portsOfMany, sequence } from "./doors.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Course, Finding, ReportPart, TargetId } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { send } from "./traffic.ts";

const few = 3;
const many = 1_000;

/** How many clients there are within five seconds: knockd starts a process for each of them. */
const clientCounts: Readonly<Record<DaemonName, number>> = { sesame: 20_000, knockd: 2_000 };

/** Packets a second, for the CPU that one costs. */
const costRate = 20_000;

interface Crowd {
  readonly clients: number;
  readonly opened: number;
  /** Packets that the ring lost; not to be known of knockd. */
  readonly lost: number | undefined;
  /** After the last knock: milliseconds; undefined if not all were open after `patience`. */
  readonly last: number | undefined;
}

const patience = 5_000;

export async function measureScale(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  course.progress("20,000 clients: Sesame");
  const ours = await crowd(stage, "sesame");
  course.progress("2,000 clients: knockd");
  const theirs = await crowd(stage, "knockd");
  const doors = await manyDoorsPart(stage, course);
  const failures =
    ours.opened < ours.clients
      ? [
          `scale: ${ours.clients - ours.opened} of ${ours.clients} clients were not let in by Sesame`,
        ]
      : [];
  return {
    findings: {
      "scale-clients": {
        ours: `${figure(ours.opened)} of ${figure(ours.clients)}`,
        theirs: `${figure(theirs.opened)} of ${figure(theirs.clients)}`,
        met: ours.opened === ours.clients,
        note: `its ring lost ${figure(ours.lost)} packets; knockd with ${figure(theirs.clients)} clients and iptables: it starts a process for each`,
      },
      "scale-last": {
        ours: lastText(ours),
        theirs: lastText(theirs),
        met: ours.last !== undefined && ours.last < 1_000,
        note: "until the list of what is open was complete, the time to read it and the generator's end included",
      },
      ...doors.findings,
    },
    tables: doors.tables,
    failures: [...failures, ...doors.failures],
  };
}

function lastText({ last }: Crowd): string {
  return last === undefined ? `not within ${patience / 1_000} s` : figure(last, "ms");
}

async function crowd(stage: BenchTestBed, name: DaemonName): Promise<Crowd> {
  const clients = clientCounts[name];
  await stage.shut(name === "sesame" ? "by Sesame" : "by rules");
  const daemon = await BenchDaemon.start(name, stage, name === "sesame" ? nativeDoor : commandDoor);
  try {
    const count = clients * sequence.length;
    await send(stage, {
      kind: "clients",
      ports: sequence,
      rate: count / 5,
      count,
      source: "11.0.0.0",
    });
    const sent = performance.now();
    let opened = 0;
    let last: number | undefined;
    while (last === undefined && performance.now() - sent < patience) {
      opened = name === "sesame" ? await elements(stage) : await rules(stage);
      if (opened >= clients) last = performance.now() - sent;
      else await sleep(50);
    }
    const lost = name === "sesame" ? (await daemon.capture(stage)).dropped : undefined;
    return { clients, opened, lost, last };
  } finally {
    await daemon.stop();
  }
}

/** How many sources Sesame's set has. */
async function elements(stage: BenchTestBed): Promise<number> {
  const { stdout } = await stage.server.run(["nft", "-j", "list set inet sesame open4"]);
  const { nftables } = JSON.parse(stdout) as { nftables: { set?: { elem?: unknown[] } }[] };
  return nftables.reduce((sum, { set }) => sum + (set?.elem?.length ?? 0), 0);
}

async function rules(stage: BenchTestBed): Promise<number> {
  const { stdout } = await stage.server.run(["iptables", "-S", "INPUT"]);
  return stdout.split("\n").filter((line) => line.startsWith("-A INPUT -s 11.")).length;
}

/** CPU seconds a packet, with few doors and with many. */
export interface Cost {
  readonly few: number;
  readonly many: number;
}

/** What a packet to one of all watched ports costs, from another source each time. */
export async function costs(stage: BenchTestBed, name: DaemonName, seconds: number): Promise<Cost> {
  await stage.shut("by rules");
  const cost = async (count: number) => {
    const daemon = await BenchDaemon.start(name, stage, manyDoors(count), { patience: 20_000 });
    try {
      await sleep(300);
      const before = daemon.usage().cpu;
      const ports = portsOfMany(count);
      const traffic = {
        kind: "flood",
        ports,
        rate: costRate,
        seconds,
        source: "11.0.0.0",
      } as const;
      const { sent } = await send(stage, traffic);
      await sleep(500); // What is left in its buffers.
      const { cpu } = daemon.usage();
      // What it lost cost it nothing. What knockd lost cannot be known.
      const lost = name === "sesame" ? (await daemon.capture(stage)).dropped : 0;
      return (cpu - before) / (sent - lost);
    } finally {
      await daemon.stop();
    }
  };
  return { few: await cost(few), many: await cost(many) };
}

async function manyDoorsPart(
  stage: BenchTestBed,
  { quick, progress }: Course,
): Promise<ReportPart> {
  const names = ["sesame", "knockd"] as const;
  const starts: Record<DaemonName, number[]> = { sesame: [], knockd: [] };
  const refusals: Partial<Record<DaemonName, string>> = {};
  const checks: number[] = [];
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    for (const name of names) {
      progress(`load time of ${figure(many)} doors, round ${round + 1}: ${name}`);
      if (refusals[name] !== undefined) continue;
      await stage.shut("by rules");
      try {
        const daemon = await BenchDaemon.start(name, stage, manyDoors(many), { patience: 20_000 });
        starts[name].push(daemon.startTime);
        if (name === "sesame") checks.push(await checkTime(stage, daemon));
        await daemon.stop();
      } catch (error) {
        refusals[name] = error instanceof Error ? error.message.replace(/: *$/, "") : String(error);
      }
    }
  }
  const ratios: Record<DaemonName, string> = { sesame: "–", knockd: "–" };
  const found: Partial<Record<DaemonName, Cost>> = {};
  const rows: string[][] = [];
  for (const name of names) {
    if (refusals[name] !== undefined) continue;
    progress(`CPU a packet with few and with many doors: ${name}`);
    const cost = await costs(stage, name, quick ? 2 : 5);
    found[name] = cost;
    ratios[name] = times(cost.many, cost.few);
    rows.push([name, figure(cost.few * 1e6), figure(cost.many * 1e6), ratios[name]]);
  }
  const findings: Partial<Record<TargetId, Finding>> = {};
  const theirs = refusals.knockd ?? spread(starts.knockd, "ms");
  const failures = refusals.sesame === undefined ? [] : [`scale: ${refusals.sesame}`];
  findings["scale-load"] = {
    ours: refusals.sesame ?? spread(starts.sesame, "ms"),
    theirs,
    ratio: times(median(starts.knockd), median(starts.sesame)),
    met: median(starts.sesame) < 1_000,
  };
  findings["scale-check"] = {
    ours: spread(checks, "ms"),
    theirs: "has none",
    met: median(checks) < 1_000,
  };
  findings["scale-cost"] = {
    ours: ratios.sesame,
    theirs: ratios.knockd,
    met: found.sesame !== undefined && found.sesame.many <= 2 * found.sesame.few,
    note: "of those packets that were not lost",
  };
  return {
    findings,
    tables: [
      {
        title: `CPU a packet, ${figure(costRate)}/s at watched ports (µs)`,
        head: ["daemon", `${few} doors`, `${figure(many)} doors`, "ratio"],
        rows,
      },
    ],
    failures,
  };
}

async function checkTime(stage: BenchTestBed, daemon: BenchDaemon): Promise<number> {
  const begin = performance.now();
  await stage.server.run([...knockctl, "check", daemon.configFile], {
    timeout: 60_000,
  });
  return performance.now() - begin;
}

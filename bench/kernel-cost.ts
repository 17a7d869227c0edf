// What the kernel's doors cost for each packet. Sent as fast as the server's rules take them: sender and rules share a processor.
import { setTimeout as sleep } from "node:timers/promises";
import { BenchDaemon } from "./daemon.ts";
import { manyNativeDoors } from "./doors.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed, FloodReach } from "./test-bed.ts";
import type { SynTraffic } from "./traffic.ts";
import { send } from "./traffic.ts";

/** How many doors the kernel has. */
const doorCounts = [0, 1, 100] as const;

type DoorCount = (typeof doorCounts)[number];

const [first = 0, second = 0] = manyNativeDoors(1).ports;

/** A port of no door. */
const unwatched = 9;

const traffics = {
  unwatched: {
    label: "to a port of no door",
    traffic: { kind: "flood", ports: [unwatched], source: "11.0.0.0" },
  },
  steps: {
    label: "first step, each from another source",
    traffic: { kind: "flood", ports: [first], source: "11.0.0.0" },
  },
  hostile: {
    label: "first and second step in turn, from one source",
    traffic: { kind: "scan", ports: [first, second], source: "11.0.0.1" },
  },
} as const satisfies Readonly<Record<string, { label: string; traffic: SynTraffic }>>;

type CostName = keyof typeof traffics;

const names = Object.keys(traffics) as CostName[];

/** Microseconds a packet of each run. */
type KernelCosts = Readonly<Record<CostName, Readonly<Record<DoorCount, number[]>>>>;

export async function measureKernelCosts(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const [rounds, seconds] = course.quick ? [2, 1] : [5, 3];
  const dropped: number[] = [];
  const costs = emptyCosts();
  for (let round = 1; round <= rounds; round++) {
    course.progress(`cost of a packet in the kernel, round ${round} of ${rounds}`);
    dropped.push(await playCost(stage, 0, "steps", seconds, "packet sockets"));
    for (const doors of doorCounts) {
      for (const name of names) {
        costs[name][doors].push(await playCost(stage, doors, name, seconds));
      }
    }
  }
  return report(costs, dropped);
}

function emptyCosts(): KernelCosts {
  return {
    unwatched: { 0: [], 1: [], 100: [] },
    steps: { 0: [], 1: [], 100: [] },
    hostile: { 0: [], 1: [], 100: [] },
  };
}

/** Returns the microseconds of a packet. No daemon runs meanwhile: its rules stay, with empty sets. */
export async function playCost(
  stage: BenchTestBed,
  doors: DoorCount,
  kind: CostName,
  seconds: number,
  reach: FloodReach = "rules",
): Promise<number> {
  await stage.shut("by Sesame", reach);
  // Without doors the kernel has the rules that protect a service, and no more.
  const text =
    doors === 0 ? `KernelDoors = no\n${manyNativeDoors(1).text}` : manyNativeDoors(doors).text;
  const daemon = await BenchDaemon.start("sesame", stage, text);
  await sleep(300);
  await daemon.stop();
  const { sent, seconds: took } = await send(stage, { ...traffics[kind].traffic, seconds });
  return (took / sent) * 1e6;
}

function report(costs: KernelCosts, dropped: readonly number[]): ReportPart {
  const at = (name: CostName, doors: DoorCount) => costs[name][doors];
  const [before, after] = [median(at("hostile", 0)), median(at("hostile", 1))];
  return {
    findings: {
      "kernel-cost": {
        ours: doorCounts.map((doors) => figure(median(at("steps", doors)))).join(", "),
        note: "sender and IP stack included",
      },
      "kernel-garbage": {
        ours: `${spread(at("hostile", 1), "µs")}; without doors ${spread(at("hostile", 0), "µs")}`,
        ratio: times(after, before),
        met: after <= 2 * before,
      },
    },
    tables: [
      {
        title: "A packet in the kernel (µs)",
        head: ["packet", ...doorCounts.map((count) => (count === 1 ? "1 door" : `${count} doors`))],
        rows: names.map((name) => [
          traffics[name].label,
          ...doorCounts.map((doors) => spread(at(name, doors))),
        ]),
        note:
          "Time a packet while they go out as fast as they are taken, sender and IP stack included; no daemon runs. " +
          `What is dropped before the IP stack takes ${spread([...dropped], "µs")} so.`,
      },
    ],
    failures: [],
  };
}

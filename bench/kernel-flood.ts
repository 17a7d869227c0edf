// Forged first steps that reach the server's rules, while clients knock: what the kernel opens beside knockd, and knockd alone.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { BenchDaemon } from "./daemon.ts";
import { daemonDoor, nativeDoor, sequence } from "./doors.ts";
import { Prober } from "./prober.ts";
import { figure, median } from "./statistics.ts";
import type { Course, Finding, ReportPart, TargetId } from "./targets.ts";
import { kernelFloodRates } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientNetwork, doorPort, serverAddresses } from "./test-bed.ts";
import type { GeneratorResult } from "./traffic.ts";
import { startTraffic, trafficSent } from "./traffic.ts";

/** Milliseconds: between two SYNs that look, from one knock to the next, and how long the door may take unless told. */
const pace = 0.3;
const pause = 100;
const usualPatience = 150;

/** How much smaller the share of knocks that open may be than with knockd alone. */
const tolerance = 0.03;

const kinds = {
  alone: { label: "knockd alone", doors: daemonDoor },
  both: { label: "kernel and knockd", doors: nativeDoor },
  kernel: { label: "kernel alone, knockd stopped", doors: nativeDoor },
} as const;

type KernelFloodKind = keyof typeof kinds;

export interface KernelFloodRun {
  readonly kind: KernelFloodKind;
  /** Packets a second. */
  readonly rate: number;
  readonly sent: GeneratorResult;
  readonly knocks: number;
  /** Of those that opened: milliseconds. */
  readonly times: readonly number[];
  /** Cores that did nothing but soft interrupts. */
  readonly softirq: number;
  /** Lost in knockd's ring. */
  readonly lost: number | undefined;
}

export async function measureKernelFloods(
  stage: BenchTestBed,
  { quick, progress }: Course,
): Promise<ReportPart> {
  const runs: KernelFloodRun[] = [];
  for (let round = 1; round <= (quick ? 1 : 2); round++) {
    for (const rate of kernelFloodRates) {
      for (const kind of ["alone", "both", "kernel"] as const) {
        progress(`first steps at ${figure(rate)}/s, round ${round}: ${kinds[kind].label}`);
        runs.push(await playKernelFlood(stage, kind, rate, quick ? 3 : 12));
      }
    }
  }
  return report(runs);
}

/** Knocks for so many seconds, each time from another source. */
export async function playKernelFlood(
  stage: BenchTestBed,
  kind: KernelFloodKind,
  rate: number,
  seconds: number,
  patience: number = usualPatience,
): Promise<KernelFloodRun> {
  await stage.shut("by Sesame", "rules");
  const daemon = await BenchDaemon.start("sesame", stage, kinds[kind].doors);
  const prober = new Prober(stage, serverAddresses[0]);
  try {
    await sleep(300);
    if (kind === "kernel") daemon.pause();
    const before = softirqSeconds();
    const generator = await startTraffic(stage, {
      ...{ kind: "flood", ports: sequence.slice(0, 1), source: "11.0.0.0" },
      ...{ rate, seconds: seconds + 1.5 },
    });
    await sleep(1_000);
    const times: number[] = [];
    let knocks = 0;
    const begin = performance.now();
    while (performance.now() - begin < seconds * 1_000 && generator.running) {
      knocks++;
      const look = { source: clientNetwork + knocks, port: doorPort, patience };
      const { time } = prober.knock(sequence, look, pace);
      if (time !== undefined) times.push(time);
      await sleep(pause);
    }
    const sent = await trafficSent(generator);
    const softirq = (softirqSeconds() - before) / sent.seconds;
    const lost = kind === "kernel" ? undefined : (await daemon.capture(stage)).dropped;
    return { kind, rate, sent, knocks, times, softirq, lost };
  } finally {
    prober.close();
    await daemon.stop();
  }
}

/** Seconds of CPU that all processors spent with soft interrupts. */
function softirqSeconds(): number {
  const [total = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  // user, nice, system, idle, iowait, irq, softirq: proc(5), in ticks of 10 ms
  return Number(total.split(/\s+/)[7]) / 100;
}

/** The share of knocks that opened. */
function shareOpened(runs: readonly KernelFloodRun[]): number {
  const opened = runs.reduce((sum, { times }) => sum + times.length, 0);
  return opened / runs.reduce((sum, { knocks }) => sum + knocks, 0);
}

function reached({ sent }: KernelFloodRun): number {
  return sent.sent / sent.seconds;
}

function report(runs: readonly KernelFloodRun[]): ReportPart {
  const findings: Partial<Record<TargetId, Finding>> = {};
  for (const rate of kernelFloodRates) {
    const at = (kind: KernelFloodKind) =>
      runs.filter((run) => run.rate === rate && run.kind === kind);
    const text = (kind: KernelFloodKind) => `${figure(shareOpened(at(kind)) * 100)} %`;
    const slowest = Math.min(...[...at("alone"), ...at("both")].map(reached));
    findings[`kernel-flood-${rate}` as TargetId] = {
      ours: `${text("both")}; by knockd alone ${text("alone")}, by the kernel alone ${text("kernel")}`,
      met: shareOpened(at("both")) >= shareOpened(at("alone")) - tolerance,
      ...(slowest < rate * 0.95 && { note: `only ${figure(slowest)}/s could be sent` }),
    };
  }
  return {
    findings,
    tables: [
      {
        title: "Knocks in floods of first steps that reach the kernel's rules",
        head: [
          "asked",
          "really sent",
          "opened by",
          "opened",
          "median (ms)",
          "soft interrupts (cores)",
          "lost in the ring",
        ],
        rows: runs.map((run) => [
          `${figure(run.rate)}/s`,
          `${figure(reached(run))}/s`,
          kinds[run.kind].label,
          `${run.times.length} of ${run.knocks}`,
          figure(median([...run.times])),
          figure(run.softirq),
          run.lost === undefined ? "–" : figure(run.lost),
        ]),
        note:
          `Every packet is the first step of another source. A knock each ${pause} ms, which has ${usualPatience} ms to open the door. ` +
          "The table of attempts in the kernel has 65,536 places, and drops what is new when it is full; knockd drops the oldest.",
      },
    ],
    failures: [],
  };
}

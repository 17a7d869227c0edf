// Forged SYNs on the first port of a door, every source new, while two clients knock once a second.
import { setTimeout as sleep } from "node:timers/promises";
import { peer } from "../test/live/requirements.ts";
import type { Capture, DaemonName } from "./daemon.ts";
import { BenchDaemon } from "./daemon.ts";
import { commandDoor, daemonDoor, nativeDoor, sequence } from "./doors.ts";
import type { MeasuredOpening } from "./prober.ts";
import { Prober } from "./prober.ts";
import { figure, median, times } from "./statistics.ts";
import { addressText } from "./syn.ts";
import type { Course, Finding, ReportPart, TargetId } from "./targets.ts";
import { floodRates } from "./targets.ts";
import type { BenchTestBed, Shut } from "./test-bed.ts";
import { doorPort, ownClients, serverAddresses } from "./test-bed.ts";
import type { GeneratorResult } from "./traffic.ts";
import { startTraffic, trafficSent } from "./traffic.ts";
import type { Usage } from "./usage.ts";

const MiB = 1_024;

/** SYNs that look for the open port go out about this often: milliseconds. */
const pace = 0.3;

/** The clients, by how they run `knock`. Each knocks at a server address of its own. */
const clients = [
  { label: "knock", options: [], server: serverAddresses[0], delay: 0 },
  { label: "knock -d 300", options: ["-d", "300"], server: serverAddresses[1], delay: 500 },
] as const;

interface FloodKind {
  readonly label: string;
  readonly name: DaemonName;
  readonly doors: string;
  readonly shut: Shut;
}

const kinds = {
  command: { label: "Sesame, command", name: "sesame", doors: commandDoor, shut: "by rules" },
  knockd: { label: "knockd, command", name: "knockd", doors: commandDoor, shut: "by rules" },
  native: { label: "Sesame, native", name: "sesame", doors: daemonDoor, shut: "by Sesame" },
  kernel: { label: "Sesame, kernel", name: "sesame", doors: nativeDoor, shut: "by Sesame" },
} as const satisfies Readonly<Record<string, FloodKind>>;

/** What happened to one daemon in one flood. */
export interface FloodRun {
  readonly kind: keyof typeof kinds;
  /** Packets a second; 0: as fast as it goes. */
  readonly rate: number;
  readonly sent: GeneratorResult;
  /** Of each client. */
  readonly openings: readonly (readonly MeasuredOpening[])[];
  /** Cores. */
  readonly cpu: number;
  /** At its end. */
  readonly usage: Usage;
  /** Sesame's counters; knockd has none. */
  readonly capture: Capture | undefined;
  readonly log: { readonly bytes: number; readonly lines: number };
}

export async function measureFloods(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const rates = course.quick ? [20_000, 100_000] : floodRates;
  return report(await playFloods(stage, course, rates, course.quick ? 3 : 10));
}

/** Every daemon in a flood of each rate, for so many seconds. */
export async function playFloods(
  stage: BenchTestBed,
  course: Course,
  rates: readonly number[],
  seconds: number,
): Promise<FloodRun[]> {
  const probers = clients.map(({ server }) => new Prober(stage, server));
  const runs: FloodRun[] = [];
  try {
    for (const rate of rates) {
      for (const kind of ["command", "knockd", "native", "kernel"] as const) {
        course.progress(`flood ${floodText(rate)}: ${kinds[kind].label}`);
        runs.push(await playFlood(stage, probers, kind, rate, seconds));
      }
    }
    return runs;
  } finally {
    for (const prober of probers) prober.close();
  }
}

async function playFlood(
  stage: BenchTestBed,
  probers: readonly Prober[],
  kind: keyof typeof kinds,
  rate: number,
  seconds: number,
): Promise<FloodRun> {
  const { name, doors, shut } = kinds[kind];
  await stage.shut(shut);
  const daemon = await BenchDaemon.start(name, stage, doors);
  try {
    const logBefore = { bytes: daemon.logBytes, lines: (await daemon.readLog()).lines };
    const generator = await startTraffic(stage, {
      kind: "flood",
      ports: sequence.slice(0, 1),
      ...(rate > 0 && { rate }),
      // Longer than the last knock takes.
      seconds: seconds + 2.5,
      source: "11.0.0.0",
    });
    const before = daemon.usage();
    await sleep(500);
    const knocking = clients.map(async (client, i) => {
      const prober = probers[i];
      if (prober === undefined) throw new Error("no prober");
      return await knockEverySecond(stage, prober, client, i, seconds, () => generator.running);
    });
    const sent = await trafficSent(generator);
    const usage = daemon.usage();
    const openings = await Promise.all(knocking);
    const capture = name === "sesame" ? await daemon.capture(stage) : undefined;
    const { lines } = await daemon.readLog();
    return {
      kind,
      rate,
      sent,
      openings,
      cpu: (usage.cpu - before.cpu) / sent.seconds,
      usage,
      capture,
      log: { bytes: daemon.logBytes - logBefore.bytes, lines: lines - logBefore.lines },
    };
  } finally {
    await daemon.stop();
  }
}

async function knockEverySecond(
  stage: BenchTestBed,
  prober: Prober,
  { options, server, delay }: (typeof clients)[number],
  client: number,
  count: number,
  goesOn: () => boolean,
): Promise<MeasuredOpening[]> {
  const begin = performance.now() + delay;
  const openings: MeasuredOpening[] = [];
  // Knocks that do not open take their time: then there are fewer of them.
  for (let i = 0; i < count && goesOn(); i++) {
    // From another address each time: so every knock finds the door shut.
    const source = ownClients + i * clients.length + client;
    await stage.comeFrom(addressText(source), server);
    await sleep(Math.max(0, begin + i * 1_000 - performance.now()));
    const look = { source, port: doorPort, patience: 1_000 };
    const watching = prober.watch(sequence.at(-1) ?? 0, look, pace);
    const knock = stage.client.run([peer("knock"), ...options, server, ...sequence.map(String)]);
    const [opening] = await Promise.all([watching, knock]);
    openings.push(opening);
  }
  return openings;
}

function rateText(rate: number): string {
  return rate === 0 ? "as fast as it goes" : `${figure(rate)}/s`;
}

function floodText(rate: number): string {
  return rate === 0 ? rateText(rate) : `of ${rateText(rate)}`;
}

/** How many of the knocks opened. */
export function openedIn({ openings }: FloodRun): {
  readonly opened: number;
  readonly knocks: number;
} {
  const all = openings.flat();
  return { opened: all.filter(({ time }) => time !== undefined).length, knocks: all.length };
}

/** Packets a second that were really sent. */
function reached({ sent }: FloodRun): number {
  return sent.sent / sent.seconds;
}

/** Whether the flood was what it should have been: a smaller one proves nothing. */
function wasReached(run: FloodRun): boolean {
  return reached(run) >= run.rate * 0.95;
}

function medianOf({ openings }: FloodRun): number {
  return median(openings.flat().flatMap(({ time }) => time ?? []));
}

function report(runs: readonly FloodRun[]): ReportPart {
  const ours = runs.filter(({ kind }) => kind !== "knockd");
  const theirs = runs.filter(({ kind }) => kind === "knockd");
  const failures = ours.flatMap((run) => {
    const { opened, knocks } = openedIn(run);
    if (opened === knocks) return [];
    return [
      `flood ${floodText(run.rate)}: ${knocks - opened} of ${knocks} knocks did not open (${kinds[run.kind].label})`,
    ];
  });
  return {
    findings: { ...openFindings(runs), ...otherFindings(ours, theirs) },
    tables: [openTable(runs), costTable(runs)],
    failures,
  };
}

function openFindings(runs: readonly FloodRun[]): ReportPart["findings"] {
  const findings: Partial<Record<TargetId, Finding>> = {};
  for (const rate of new Set(runs.map((run) => run.rate))) {
    const at = runs.filter((run) => run.rate === rate);
    const text = (kind: keyof typeof kinds) =>
      at
        .filter((run) => run.kind === kind)
        .map((run) => {
          const { opened, knocks } = openedIn(run);
          return `${opened} of ${knocks}`;
        })[0] ?? "–";
    const ours = at.filter(({ kind }) => kind !== "knockd");
    const met = ours.every(
      (run) => openedIn(run).opened === openedIn(run).knocks && wasReached(run),
    );
    const slowest = `${figure(Math.min(...at.map(reached)))}/s`;
    findings[`flood-${rate}` as TargetId] = {
      ours: `${text("native")} native, ${text("kernel")} by kernel and daemon, ${text("command")} command`,
      theirs: text("knockd"),
      met,
      ...(rate === 0 && { note: `${slowest} and more` }),
      ...(!at.every(wasReached) && { note: `only ${slowest} could be sent` }),
    };
  }
  return findings;
}

function otherFindings(
  ours: readonly FloodRun[],
  theirs: readonly FloodRun[],
): ReportPart["findings"] {
  const worst = (runs: readonly FloodRun[], value: (run: FloodRun) => number) =>
    Math.max(...runs.map(value));
  const at = (runs: readonly FloodRun[], rate: number) => runs.filter((run) => run.rate === rate);
  const findings: Partial<Record<TargetId, Finding>> = {};
  const opened = theirs.filter((run) => openedIn(run).opened > 0);
  const slowest = worst(ours, medianOf);
  const slowestOfAll = ours.some((run) => openedIn(run).opened === 0);
  findings["flood-median"] = {
    ours: figure(slowest, "ms"),
    theirs: opened.length === 0 ? "opens none" : figure(worst(opened, medianOf), "ms"),
    ratio: opened.length === 0 ? "–" : times(worst(opened, medianOf), slowest),
    met: slowest < 10 && !slowestOfAll,
    note: "knockd: where it opens at all",
  };
  const memory = worst(ours, ({ usage }) => usage.mostResident) / MiB;
  findings["flood-memory"] = {
    ours: figure(memory, "MiB"),
    theirs: figure(worst(theirs, ({ usage }) => usage.mostResident) / MiB, "MiB"),
    met: memory < 192,
  };
  const [oursAt, theirsAt] = [at(ours, 100_000), at(theirs, 100_000)];
  if (oursAt.length > 0) {
    const cores = worst(oursAt, ({ cpu }) => cpu);
    const theirCores = worst(theirsAt, ({ cpu }) => cpu);
    findings["flood-cpu"] = {
      ours: figure(cores, "cores"),
      theirs: figure(theirCores, "cores"),
      ratio: times(theirCores, cores),
      // A daemon that loses packets saves their cost.
      met: cores < 0.5 && lossless(oursAt) && oursAt.every(wasReached),
      ...(!lossless(oursAt) && { note: "packets were lost: what they would have cost is missing" }),
    };
    const openings = oursAt.map((run) => openedIn(run).opened * 8);
    const lines = worst(oursAt, ({ log, sent }) => log.lines / sent.seconds);
    findings["flood-log"] = {
      ours: figure(lines),
      theirs: figure(worst(theirsAt, ({ log, sent }) => log.lines / sent.seconds)),
      // An opening takes up to eight lines: its stages and its commands.
      met: oursAt.every(
        ({ log, sent }, i) => log.lines <= 50 * (sent.seconds + 1) + (openings[i] ?? 0),
      ),
      note: "all lines, those of openings, too",
    };
  }
  const fast = at(ours, 300_000);
  if (fast.length > 0) {
    const lost = worst(fast, ({ capture }) => capture?.dropped ?? Number.NaN);
    findings["flood-loss"] = {
      ours: figure(lost),
      theirs: "not visible",
      met: lost === 0 && fast.every(wasReached),
    };
  }
  const known = Math.min(...ours.map(({ capture, sent }) => (capture?.received ?? 0) / sent.sent));
  findings["flood-counted"] = {
    ours: `${figure(Math.min(1, known) * 100)} %`,
    theirs: "not visible",
    met: known >= 1,
  };
  return findings;
}

function lossless(runs: readonly FloodRun[]): boolean {
  return runs.every(({ capture }) => capture?.dropped === 0);
}

function openTable(runs: readonly FloodRun[]) {
  return {
    title: "Knocks in floods",
    head: [
      "flood",
      "really sent",
      "pace kept within",
      "door",
      ...clients.flatMap(({ label }) => [label, "median (least..most)"]),
    ],
    rows: runs.map(({ rate, sent, kind, openings }) => [
      rateText(rate),
      `${figure(sent.sent / sent.seconds)}/s`,
      rate === 0 ? "–" : `${figure(sent.worst)} ms (over 2 ms: ${figure(sent.late * 100)} %)`,
      kinds[kind].label,
      ...openings.flatMap((all) => {
        const found = all.flatMap(({ time }) => time ?? []);
        const most = Math.max(...found);
        const range =
          found.length === 0
            ? "–"
            : `${figure(median(found))} ms (${figure(Math.min(...found))}..${figure(most)})`;
        return [`${found.length} of ${all.length}`, range];
      }),
    ]),
    note:
      "Opened of all knocks, and the time from the kernel's time stamp on the last packet of Debian's knock to the first SYN that was answered. " +
      `SYNs look for the open port every ${pace} to 0.6 ms, more rarely when the machine is full.`,
  };
}

function costTable(runs: readonly FloodRun[]) {
  return {
    title: "What floods cost",
    head: [
      "flood",
      "door",
      "CPU (cores)",
      "resident, at most (MiB)",
      "taken by the ring",
      "lost there",
      "log (KiB)",
      "log lines/s",
    ],
    rows: runs.map(({ rate, kind, cpu, usage, capture, log, sent }) => [
      rateText(rate),
      kinds[kind].label,
      figure(cpu),
      figure(usage.mostResident / MiB),
      capture === undefined ? "not visible" : figure(capture.received - capture.dropped),
      capture === undefined ? "not visible" : figure(capture.dropped),
      figure(log.bytes / 1_024),
      figure(log.lines / sent.seconds),
    ]),
    note: "What libpcap loses for knockd cannot be seen from outside. CPU is that of the daemon alone, without its commands.",
  };
}

// From the last packet of a knock to the first SYN that gets in.
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonName } from "./daemon.ts";
import { BenchDaemon } from "./daemon.ts";
import { commandDoor, daemonDoor, nativeDoor, sequence } from "./doors.ts";
import type { MeasuredOpening } from "./prober.ts";
import { Prober } from "./prober.ts";
import { figure, median, quantile, spread, times } from "./statistics.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed, Shut } from "./test-bed.ts";
import { clientNetwork, doorPort, openPort, serverAddresses } from "./test-bed.ts";

/** SYNs that look for the open port go out this often: milliseconds. */
const pace = 0.1;

interface OpenKind {
  readonly label: string;
  readonly name: DaemonName;
  readonly doors: string;
  readonly shut: Shut;
  /** The daemon is stopped once it has started. */
  readonly isPaused?: true;
}

const kinds: readonly OpenKind[] = [
  { label: "Sesame, command", name: "sesame", doors: commandDoor, shut: "by rules" },
  { label: "knockd, command", name: "knockd", doors: commandDoor, shut: "by rules" },
  { label: "Sesame, native", name: "sesame", doors: daemonDoor, shut: "by Sesame" },
  { label: "Sesame, kernel", name: "sesame", doors: nativeDoor, shut: "by Sesame" },
  {
    label: "Sesame, kernel alone",
    name: "sesame",
    doors: nativeDoor,
    shut: "by Sesame",
    isPaused: true,
  },
];

const ourKinds = ["command", "native", "kernel", "kernelAlone"] as const;

type OurKind = (typeof ourKinds)[number];

/** What was seen of each kind of door, and of a port that was open all the time. */
interface MeasuredOpenings {
  readonly command: readonly MeasuredOpening[];
  readonly knockd: readonly MeasuredOpening[];
  /** By knockd alone. */
  readonly native: readonly MeasuredOpening[];
  /** By the kernel, beside knockd. */
  readonly kernel: readonly MeasuredOpening[];
  /** By the kernel, while knockd is stopped. */
  readonly kernelAlone: readonly MeasuredOpening[];
  readonly always: readonly MeasuredOpening[];
  /** How many there are from one start of a daemon to the next. */
  readonly each: number;
}

export async function measureOpening(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  return report(await play(stage, course));
}

/** Median of knockd's command doors by ours: how many times faster command and native doors open. */
export async function openingRatios(
  stage: BenchTestBed,
  course: Course,
): Promise<{
  readonly command: number;
  readonly native: number;
  readonly failures: readonly string[];
}> {
  const { command, knockd, native, kernel, kernelAlone } = await play(stage, course);
  const [ours, theirs, alone] = [command, knockd, native].map((all) => median(timesOf(all)));
  const failures = failuresOf({ command, native, kernel, kernelAlone });
  return {
    command: (theirs ?? 0) / (ours ?? 1),
    native: (theirs ?? 0) / (alone ?? 1),
    failures,
  };
}

async function play(stage: BenchTestBed, { quick, progress }: Course): Promise<MeasuredOpenings> {
  const [rounds, each] = quick ? [2, 6] : [4, 15];
  const prober = new Prober(stage, serverAddresses[0]);
  let source = clientNetwork;
  const look = async (port: number, count: number, ports: readonly number[]) => {
    const openings: MeasuredOpening[] = [];
    for (let i = 0; i < count; i++) {
      openings.push(prober.knock(ports, { source: ++source, port, patience: 1_000 }, pace));
      // Whatever buffers knocks in the daemons: they come at any moment of its period.
      await sleep(60 + Math.random() * 80);
    }
    return openings;
  };
  try {
    await stage.shut("by rules");
    const always = await look(openPort, quick ? 10 : 60, [openPort + 1]);
    const openings: MeasuredOpening[][] = kinds.map(() => []);
    for (let round = 1; round <= rounds; round++) {
      for (const [i, kind] of kinds.entries()) {
        const { label, name, doors, shut, isPaused } = kind;
        progress(`time to open, round ${round} of ${rounds}: ${label}`);
        await stage.shut(shut);
        const daemon = await BenchDaemon.start(name, stage, doors);
        try {
          await sleep(300);
          if (isPaused) daemon.pause();
          openings[i]?.push(...(await look(doorPort, each, sequence)));
        } finally {
          await daemon.stop();
        }
      }
    }
    const [command = [], knockd = [], native = [], kernel = [], kernelAlone = []] = openings;
    return { command, knockd, native, kernel, kernelAlone, always, each };
  } finally {
    prober.close();
  }
}

function timesOf(openings: readonly MeasuredOpening[]): number[] {
  return openings.flatMap(({ time }) => time ?? []);
}

function failuresOf(all: Pick<MeasuredOpenings, OurKind>): string[] {
  return ourKinds.flatMap((kind) => {
    const openings = all[kind];
    const shut = openings.filter(({ time }) => time === undefined).length;
    return shut === 0
      ? []
      : [
          `time to open: ${shut} of ${openings.length} knocks did not open a ${kind} door of Sesame`,
        ];
  });
}

function report(all: MeasuredOpenings): ReportPart {
  const { command, knockd, native, kernel, kernelAlone, always, each } = all;
  const [ours, theirs, alone] = [timesOf(command), timesOf(knockd), timesOf(native)];
  const [both, kernelTimes] = [timesOf(kernel), timesOf(kernelAlone)];
  const [fast, slow] = [median(ours), median(theirs)];
  const [faster, fastest] = [median(alone), median(both)];
  const p99 = quantile(alone, 0.99);
  const first = (openings: readonly MeasuredOpening[]) => openings.filter((_, i) => i % each === 0);
  const rows = (
    [
      ["Sesame, command", command],
      ["knockd, command", knockd],
      ["Sesame, native, by knockd alone", native],
      ["Sesame, native, by kernel and knockd", kernel],
      ["Sesame, native, by the kernel alone", kernelAlone],
      ["the first after a start: Sesame, command", first(command)],
      ["the first after a start: knockd, command", first(knockd)],
      ["the first after a start: Sesame, native", first(native)],
      ["a port that is always open", always],
    ] as const
  ).map(([label, openings]) => {
    const found = timesOf(openings);
    const [low, high] = [quantile(found, 0.25), quantile(found, 0.75)];
    return [
      label,
      `${found.length} of ${openings.length}`,
      figure(median(found)),
      `${figure(low)}..${figure(high)}`,
      figure(quantile(found, 0.99)),
      `${figure(Math.min(...found))}..${figure(Math.max(...found))}`,
      figure(median(openings.map(({ gap }) => gap))),
    ];
  });
  return {
    findings: {
      "open-command": {
        ours: spread(ours, "ms"),
        theirs: spread(theirs, "ms"),
        ratio: times(slow, fast),
        met: slow / fast >= 7,
      },
      "open-native": {
        ours: spread(alone, "ms"),
        theirs: spread(theirs, "ms"),
        ratio: times(slow, faster),
        met: slow / faster >= 40,
      },
      "open-kernel": {
        ours: spread(both, "ms"),
        theirs: spread(theirs, "ms"),
        ratio: times(slow, fastest),
        met: slow / fastest >= 500,
      },
      "open-kernel-alone": {
        ours: spread(kernelTimes, "ms"),
        theirs: spread(theirs, "ms"),
        ratio: times(slow, median(kernelTimes)),
        met: slow / median(kernelTimes) >= 500,
      },
      "open-native-p99": {
        ours: figure(p99, "ms"),
        theirs: figure(quantile(theirs, 0.99), "ms"),
        ratio: times(quantile(theirs, 0.99), p99),
        met: p99 < 3,
      },
    },
    tables: [
      {
        title: "Time to open (ms)",
        head: ["door", "opened", "median", "middle half", "p99", "least..most", "resolution"],
        rows,
        note:
          "From the moment before the last SYN of a knock was sent to the moment before the first SYN to the " +
          "door's port was sent that was answered. Resolution: the median of the longest time between two such SYNs; " +
          "a figure may be too long by that, and is never too short. The last line is the same measurement where there is nothing to wait for.",
      },
    ],
    failures: failuresOf(all),
  };
}

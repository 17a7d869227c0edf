// What a daemon with one door costs while nothing happens, and how long it takes to start.
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonName } from "./daemon.ts";
import { BenchDaemon } from "./daemon.ts";
import { commandDoor } from "./doors.ts";
import { figure, median, spread, times } from "./statistics.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { switchesBetween } from "./usage.ts";

const names = ["sesame", "knockd"] as const;
const MiB = 1_024;

/**
 * V8 tidies up once, about eight seconds after its start, and the daemon unmaps constants after 15 s
 * without a packet: those are no periodic wake-ups. Milliseconds.
 */
const settling = 20_000;

/** While it does nothing. */
interface Rest {
  readonly switches: number;
  readonly cpu: number;
  readonly resident: number;
  readonly proportional: number;
}

export async function measureRest(
  stage: BenchTestBed,
  { quick, progress }: Course,
): Promise<ReportPart> {
  const starts: Record<DaemonName, number[]> = { sesame: [], knockd: [] };
  const rests: Record<DaemonName, Rest[]> = { sesame: [], knockd: [] };
  const rounds = quick ? 5 : 15;
  await stage.shut("by rules");
  for (let round = 1; round <= rounds; round++) {
    progress(`start, round ${round} of ${rounds}`);
    for (const name of names) {
      const daemon = await BenchDaemon.start(name, stage, commandDoor);
      starts[name].push(daemon.startTime);
      await daemon.stop();
    }
  }
  for (let round = 1; round <= (quick ? 1 : 2); round++) {
    progress(`at rest, both at once, round ${round}`);
    const [ours, theirs] = await Promise.all([rest(stage, "sesame"), rest(stage, "knockd")]);
    rests.sesame.push(ours);
    rests.knockd.push(theirs);
  }
  const values = (name: DaemonName, of: (rest: Rest) => number) => rests[name].map(of);
  const [start, theirStart] = [median(starts.sesame), median(starts.knockd)];
  const switches = Math.max(...values("sesame", (one) => one.switches));
  const cpu = Math.max(...values("sesame", (one) => one.cpu));
  const memory = (name: DaemonName) => {
    const resident = median(values(name, (one) => one.resident)) / MiB;
    const proportional = median(values(name, (one) => one.proportional)) / MiB;
    return { resident, text: `${figure(resident)} MiB (${figure(proportional)})` };
  };
  return {
    findings: {
      "rest-switches": {
        ours: spread(values("sesame", (one) => one.switches)),
        theirs: spread(values("knockd", (one) => one.switches)),
        met: switches <= 5,
        note: `from ${settling / 1_000} s after the start on`,
      },
      "rest-cpu": {
        ours: spread(
          values("sesame", (one) => one.cpu * 1_000),
          "ms",
        ),
        theirs: spread(
          values("knockd", (one) => one.cpu * 1_000),
          "ms",
        ),
        met: cpu < 0.001,
        note: "less than 1 ms counts as none",
      },
      "rest-memory": {
        ours: memory("sesame").text,
        theirs: memory("knockd").text,
        ratio: times(memory("sesame").resident, memory("knockd").resident),
        note: "in brackets the proportional share, while this bench runs on the same Node",
      },
      "rest-start": {
        ours: spread(starts.sesame, "ms"),
        theirs: spread(starts.knockd, "ms"),
        ratio: times(start, theirStart),
        met: start < 150,
      },
    },
    tables: [],
    failures: [],
  };
}

async function rest(stage: BenchTestBed, name: DaemonName): Promise<Rest> {
  const daemon = await BenchDaemon.start(name, stage, commandDoor);
  try {
    await sleep(settling);
    const before = daemon.usage();
    await sleep(10_000);
    const after = daemon.usage();
    const { cpu, resident, proportional } = after;
    const switches = switchesBetween(before, after);
    return { switches, cpu: cpu - before.cpu, resident, proportional };
  } finally {
    await daemon.stop();
  }
}

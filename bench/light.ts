// What a daemon and a client cost a small server: memory, the time of a start, and wake-ups.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "../test/live/redis-server.ts";
import { needs } from "../test/live/requirements.ts";
import { BenchDaemon, makeFolder, plainEnvironment } from "./daemon.ts";
import { commandDoor, sequence } from "./doors.ts";
import type { Installation } from "./installations.ts";
import { findInstallations, findPackage, releaseSizes } from "./installations.ts";
import type { FloodMemory, LightFigures, MinuteAfterStart, StartDaemon } from "./light-figures.ts";
import { Lists, nodeAlone, switchedOn } from "./light-figures.ts";
import { reportLight } from "./light-report.ts";
import type { Course, ReportPart } from "./targets.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { serverAddresses } from "./test-bed.ts";
import { startTraffic, trafficSent } from "./traffic.ts";
import { switchesBetween } from "./usage.ts";

/** Daemons that are measured beside each other start so long after one another that each has the machine: milliseconds. */
const startInterval = 4_000;

export async function measureLight(stage: BenchTestBed, course: Course): Promise<ReportPart> {
  const folder = makeFolder();
  const store = needs("redis-server") === undefined ? await RedisServer.start() : undefined;
  try {
    const found = findPackage();
    if ("problem" in found) {
      course.progress(`${found.problem}: npm run package -- --deb makes it`);
    }
    const file = "file" in found ? found.file : undefined;
    const installations = findInstallations(folder, file);
    return reportLight(await measureAll(stage, course, installations, store));
  } finally {
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  stage: BenchTestBed,
  { quick, progress }: Course,
  installations: readonly Installation[],
  store: RedisServer | undefined,
): Promise<LightFigures> {
  const [starts, clients] = [new Lists<number>(), new Lists<number>()];
  const minutes = new Lists<MinuteAfterStart>();
  const floods = new Lists<FloodMemory>();
  const found = { installations, sizes: releaseSizes(), starts, clients, minutes, floods };
  const minute = 60_000;
  const rounds = quick ? 3 : 15;
  await stage.shut("by rules");
  for (let round = 1; round <= rounds; round++) {
    progress(`start of daemon and client, round ${round} of ${rounds}`);
    for (const installation of installations) {
      const daemon = await startDaemon(stage, installation);
      starts.add(installation.label, daemon.startTime);
      await daemon.stop();
      clients.add(installation.label, await timeClient(stage, installation.knock));
    }
    clients.add(nodeAlone, await timeProgram(stage, [process.execPath, "/dev/null"]));
  }
  for (let round = 1; round <= (quick ? 1 : 5); round++) {
    progress(`a minute after the start, round ${round}`);
    const all: readonly (readonly [string, StartDaemon])[] = [
      ...installations.map((one) => [one.label, () => startDaemon(stage, one)] as const),
      ...switchedOn(store),
    ];
    await Promise.all(
      all.map(async ([label, start], i) => {
        await sleep(i * startInterval);
        minutes.add(label, await minuteOf(await start(stage), minute));
      }),
    );
  }
  for (const installation of installations) {
    progress(`memory in a flood of 300,000/s, and after it: ${installation.label}`);
    floods.add(installation.label, await floodMemory(stage, installation, minute));
  }
  return found;
}

function startDaemon(stage: BenchTestBed, { daemon, knockd }: Installation): Promise<BenchDaemon> {
  return BenchDaemon.start(daemon, stage, commandDoor, { program: knockd });
}

/** From the client's start to its end, for three ports: milliseconds. */
function timeClient(stage: BenchTestBed, knock: readonly string[]): Promise<number> {
  return timeProgram(stage, [...knock, serverAddresses[0], ...sequence.map(String)]);
}

/** From the start of a program to its end: milliseconds. */
async function timeProgram(stage: BenchTestBed, argv: readonly string[]): Promise<number> {
  const [program = "", ...args] = argv;
  const begin = performance.now();
  const child = stage.at(stage.client, () =>
    spawn(program, args, { env: plainEnvironment(), stdio: "ignore" }),
  );
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ends with ${code}`);
  return performance.now() - begin;
}

async function minuteOf(
  daemon: Awaited<ReturnType<StartDaemon>>,
  minute: number,
): Promise<MinuteAfterStart> {
  try {
    const before = daemon.usage();
    await sleep(minute);
    const after = daemon.usage();
    const switches = switchesBetween(before, after);
    return { resident: after.resident, own: daemon.ownMemory(), switches };
  } finally {
    await daemon.stop();
  }
}

async function floodMemory(
  stage: BenchTestBed,
  installation: Installation,
  minute: number,
): Promise<FloodMemory> {
  const daemon = await startDaemon(stage, installation);
  try {
    await sleep(minute / 2);
    const before = daemon.usage().resident;
    const flood = await startTraffic(stage, {
      ...{ kind: "flood", ports: sequence.slice(0, 1), rate: 300_000, seconds: 10 },
      source: "11.0.0.0",
    });
    await trafficSent(flood);
    const most = daemon.usage().mostResident;
    const isOurs = installation.daemon === "sesame";
    const lost = isOurs ? (await daemon.capture(stage)).dropped : undefined;
    await sleep(minute);
    return { before, most, minuteAfter: daemon.usage().resident, lost };
  } finally {
    await daemon.stop();
  }
}

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import koffi from "./koffi.ts";
import type { SpawnArguments } from "./spawn-calls.ts";
import { loadSpawnCalls } from "./spawn-calls.ts";
import type { SpawnJob, SpawnRequest, SpawnResult } from "./spawn-job.ts";
import type { ProgramStarterEvents, SpawnWorker } from "./spawn-worker.ts";

const { posixSpawn, start } = loadSpawnCalls(koffi);

/**
 * Starts programs in Node's own pool of threads, one after the other: usually that is all it takes, and a
 * worker of its own would take 7 MiB at rest.
 */
export class PoolSpawner {
  /** No thread of Node has this number. */
  readonly id: number = 2 ** 30;
  /** When it was last known to wait for nothing. */
  idleAt: number = performance.now();
  /** What it has been starting for long. */
  heldUpBy: SpawnRequest | undefined;
  readonly #events: ProgramStarterEvents;
  readonly #others: () => Iterable<SpawnWorker>;
  readonly #waiting: SpawnRequest[] = [];
  #isStarting = false;

  /** `others`: the workers that start programs, too. */
  constructor(events: ProgramStarterEvents, others: () => Iterable<SpawnWorker>) {
    this.#events = events;
    this.#others = others;
  }

  post(request: SpawnRequest): void {
    this.#waiting.push(request);
    if (!this.#isStarting) void this.#startAll();
  }

  /** Returns the process whose program is being loaded, if the kernel tells. */
  get loadingChild(): number | undefined {
    if (!this.#isStarting) return undefined;
    const others = new Set([...this.#others()].map(({ tid }) => String(tid)));
    try {
      // It still is a copy of this process. The main thread waits for children of its own.
      const self = appearance("self");
      const threads = readdirSync("/proc/self/task").filter((tid) => !others.has(tid));
      return threads.flatMap(childrenOf).find((pid) => isLike(pid, self));
    } catch {
      return undefined;
    }
  }

  async #startAll(): Promise<void> {
    this.#isStarting = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { id, job, claim } = next;
      if (Atomics.compareExchange(claim, 0, 0, this.id) !== 0) continue;
      const result = await run(job);
      this.idleAt = performance.now();
      this.#events.onResult(this, id, result);
    }
    this.#isStarting = false;
  }
}

async function run(job: SpawnJob): Promise<SpawnResult> {
  const starting = start(job);
  let step = starting.next();
  while (!step.done) step = starting.next(await spawnBeside(step.value));
  return step.value;
}

/** Resolves to an errno; 0 means none. What is written to meanwhile the start keeps. */
function spawnBeside(call: SpawnArguments): Promise<number> {
  return new Promise((resolve, reject) => {
    posixSpawn.async(...call, (error: unknown, errno: number) => {
      if (error) reject(error);
      else resolve(errno);
    });
  });
}

function childrenOf(tid: string): number[] {
  const list = readFileSync(`/proc/self/task/${tid}/children`, "latin1").trim();
  return list === "" ? [] : list.split(" ").map(Number);
}

/** By which a process is recognized that has not begun to run its program. */
function appearance(pid: number | "self"): string {
  return readlinkSync(`/proc/${pid}/exe`) + readFileSync(`/proc/${pid}/cmdline`, "latin1");
}

function isLike(pid: number, self: string): boolean {
  try {
    return appearance(pid) === self;
  } catch {
    return false; // It has ended meanwhile.
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { koffiPath } from "./koffi-path.ts";
import { exitAtOnce } from "./libc.ts";
import type { SpawnJob, SpawnResult } from "./spawn-thread.ts";
import { runSpawnThread } from "./spawn-thread.ts";

/** More threads than this would take too much memory: 8 MB each, measured. */
const mostThreads = 16;

/** A program whose start takes longer than this keeps the others waiting: milliseconds. Usual is 0.5. */
const usualStart = 20;

/** A fraction of Node's usual limits: a thread holds one job. */
const resourceLimits = {
  maxYoungGenerationSizeMb: 1,
  maxOldGenerationSizeMb: 16,
  stackSizeMb: 1,
};

interface WaitingJob {
  readonly job: SpawnJob;
  readonly resolve: (result: SpawnResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that starts one program at a time. */
class SpawnThread {
  readonly #worker: Worker;
  readonly #changed: (thread: SpawnThread) => void;
  #isReady = false;
  #current: WaitingJob | undefined;
  #timer: NodeJS.Timeout | undefined;
  isSlow = false;
  hasFailed = false;

  /** `changed`: the thread has become idle, slow, or has failed. */
  constructor(changed: (thread: SpawnThread) => void) {
    this.#changed = changed;
    this.#worker = new Worker(`(${runSpawnThread})(require)`, {
      ...{ eval: true, workerData: koffiPath, resourceLimits },
      ...{ env: {}, execArgv: [], trackUnmanagedFds: false },
    });
    this.#worker.unref();
    this.#worker.on("message", (message: SpawnResult | "ready") => {
      if (message !== "ready") this.#end((job) => job.resolve(message));
      else this.#begin();
    });
    this.#worker.on("error", (error) => {
      this.hasFailed = true;
      this.#end((job) => job.reject(error));
    });
  }

  get isIdle(): boolean {
    return this.#current === undefined && !this.hasFailed;
  }

  take(waiting: WaitingJob): void {
    this.#current = waiting;
    this.#worker.ref();
    this.#worker.postMessage(waiting.job);
    this.#measure();
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  #begin(): void {
    this.#isReady = true;
    this.#measure();
  }

  #measure(): void {
    const current = this.#current;
    if (current === undefined || !this.#isReady) return;
    const expire = () => {
      if (this.#current !== current) return;
      this.isSlow = true;
      this.#changed(this);
    };
    // If the main thread was held up itself, the answer is there already.
    this.#timer = setTimeout(() => setImmediate(expire), usualStart);
  }

  #end(settle: (job: WaitingJob) => void): void {
    clearTimeout(this.#timer);
    this.#worker.unref();
    this.isSlow = false;
    const done = this.#current;
    this.#current = undefined;
    if (done !== undefined) settle(done);
    this.#changed(this);
  }
}

/**
 * Starts programs beside the main thread. posix_spawn(3) returns when the program has been loaded, and
 * that takes seconds where a virus scanner looks at it first, or where it is on a disk that hangs. One
 * thread does for all as long as they start promptly; while it is held up, others take its place.
 */
class Spawner {
  readonly #threads = new Set<SpawnThread>();
  readonly #waiting: WaitingJob[] = [];

  constructor() {
    // Node would wait for a thread that waits for a program, at the end, too.
    process.on("exit", (code) => {
      if ([...this.#threads].some(({ isSlow }) => isSlow)) exitAtOnce(code);
    });
  }

  /** Whether a program is about to start. */
  get isStarting(): boolean {
    return this.#waiting.length > 0 || [...this.#threads].some(({ isIdle }) => !isIdle);
  }

  run(job: SpawnJob): Promise<SpawnResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const thread of this.#threads) if (thread.isIdle) this.#give(thread);
    const slow = [...this.#threads].filter(({ isSlow }) => isSlow).length;
    if (slow < this.#threads.size) return;
    // What is held up once is often held up again: twice as many threads each time.
    const more = Math.min(this.#waiting.length, Math.max(1, slow), mostThreads - slow);
    for (let i = 0; i < more; i++) {
      const thread = new SpawnThread((changed) => this.#onChange(changed));
      this.#threads.add(thread);
      this.#give(thread);
    }
  }

  #give(thread: SpawnThread): void {
    const next = this.#waiting.shift();
    if (next !== undefined) thread.take(next);
  }

  #onChange(thread: SpawnThread): void {
    if (thread.hasFailed) this.#threads.delete(thread);
    this.#dispatch();
    if (!thread.isIdle) return;
    // One is kept.
    if (![...this.#threads].some((other) => other !== thread && !other.isSlow)) return;
    this.#threads.delete(thread);
    thread.terminate();
  }
}

let spawner: Spawner | undefined;

/** Starts a program in a thread of its own. Rejected if there can be no such thread. */
export function startProgram(job: SpawnJob): Promise<SpawnResult> {
  spawner ??= new Spawner();
  return spawner.run(job);
}

/** Fulfilled when no program is about to start, or after `patience` milliseconds. */
export async function programsStarted(patience: number): Promise<void> {
  const over = AbortSignal.timeout(patience);
  // At least one turn of the event loop: a start may be a few promises away.
  do await sleep(1);
  while (!over.aborted && spawner?.isStarting === true);
}

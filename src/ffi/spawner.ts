import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { koffiPath } from "./koffi-path.ts";
import { exitAtOnce } from "./libc.ts";
import type { SpawnAnswer, SpawnJob, SpawnRequest, SpawnResult } from "./spawn-thread.ts";
import { runSpawnThread } from "./spawn-thread.ts";

/** More threads than this would take too much memory: 8 MB each, measured. */
const mostThreads = 16;

/**
 * If nothing has started for so long, all threads are held up: milliseconds. Usual is 0.5. Much less
 * would make more threads on a machine that is merely busy, which then is busier.
 */
const usualStart = 200;

/** A fraction of Node's usual limits: a thread holds few jobs. */
const resourceLimits = {
  maxYoungGenerationSizeMb: 1,
  maxOldGenerationSizeMb: 16,
  stackSizeMb: 1,
};

interface PendingJob {
  readonly request: SpawnRequest;
  readonly resolve: (result: SpawnResult) => void;
  readonly reject: (error: unknown) => void;
}

interface SpawnThread {
  readonly worker: Worker;
  /** Fulfilled when it waits for its first job, or has failed. */
  readonly ready: Promise<void>;
  isReady: boolean;
}

/**
 * Starts programs beside the main thread. posix_spawn(3) returns when the program has been loaded, and
 * that takes seconds where a virus scanner looks at it first, or where it is on a disk that hangs. All
 * threads know all jobs, and claim them one by one. Usually there is one thread: others join it while
 * it is held up.
 */
class Spawner {
  readonly #threads = new Set<SpawnThread>();
  readonly #pending = new Map<number, PendingJob>();
  readonly #starting = new Set<Promise<SpawnResult>>();
  #nextId = 1;
  /** When a program was started last, or there was nothing to start. */
  #progress = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    // Node would wait for a thread that waits for a program, at the end, too.
    process.on("exit", (code) => {
      if (this.#pending.size > 0) exitAtOnce(code);
    });
  }

  /** Fulfilled when a thread waits for jobs, or there can be none. */
  async prepare(): Promise<void> {
    try {
      const [thread = this.#addThread()] = this.#threads;
      await thread.ready;
    } catch {
      // The system has no room for a thread now. The first command asks again.
    }
  }

  async run(job: SpawnJob): Promise<SpawnResult> {
    const starting = new Promise<SpawnResult>((resolve, reject) => {
      const claim = new Int32Array(new SharedArrayBuffer(4));
      const request = { id: this.#nextId++, job, claim };
      if (this.#pending.size === 0) this.#progress = performance.now();
      // First: if there can be no thread, no thread may find the job later.
      if (this.#threads.size === 0) this.#addThread();
      this.#pending.set(request.id, { request, resolve, reject });
      for (const { worker } of this.#threads) worker.postMessage(request);
      this.#keepAlive();
      this.#watch();
    });
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async allStarted(): Promise<void> {
    // What could not be started is started in another way at once.
    for (await setImmediate(); this.#starting.size > 0; await setImmediate()) {
      await Promise.allSettled(this.#starting);
    }
  }

  /** Throws if the system has no room for a thread (EAGAIN: pthread_create(3)). */
  #addThread(): SpawnThread {
    const worker = new Worker(`(${runSpawnThread})(require)`, {
      ...{ eval: true, workerData: koffiPath, resourceLimits },
      ...{ env: {}, execArgv: [], trackUnmanagedFds: false },
    });
    let tellReady = () => {};
    const ready = new Promise<void>((resolve) => {
      tellReady = resolve;
    });
    const thread: SpawnThread = { worker, ready, isReady: false };
    this.#threads.add(thread);
    worker.on("message", (answer: SpawnAnswer) => {
      if (answer !== "ready") return this.#finish(answer.id, answer.result);
      thread.isReady = true;
      tellReady();
    });
    const { threadId } = worker;
    worker.on("error", (error) => {
      tellReady();
      this.#fail(thread, threadId, error);
    });
    for (const { request } of this.#pending.values()) worker.postMessage(request);
    this.#keepAlive();
    return thread;
  }

  #finish(id: number, result: SpawnResult): void {
    const job = this.#pending.get(id);
    this.#pending.delete(id);
    this.#progress = performance.now();
    job?.resolve(result);
    if (this.#pending.size > 0) return;
    const [, ...others] = this.#threads;
    for (const thread of others) {
      this.#threads.delete(thread);
      void thread.worker.terminate();
    }
    this.#keepAlive();
  }

  /** Rejects what the thread has claimed; and the rest, if no thread is left for it. */
  #fail(thread: SpawnThread, threadId: number, error: unknown): void {
    this.#threads.delete(thread);
    for (const [id, { request, reject }] of this.#pending) {
      const owner = request.claim[0];
      if (owner !== threadId && this.#threads.size > 0) continue;
      this.#pending.delete(id);
      reject(error);
    }
    this.#keepAlive();
  }

  /** This process must not end before it knows what became of a job; threads that wait do not matter. */
  #keepAlive(): void {
    for (const { worker } of this.#threads) {
      if (this.#pending.size > 0) worker.ref();
      else worker.unref();
    }
  }

  #watch(): void {
    // If the main thread was held up itself, the answers are there already.
    this.#timer ??= setTimeout(() => void setImmediate().then(() => this.#look()), usualStart);
  }

  #look(): void {
    this.#timer = undefined;
    const waiting = [...this.#pending.values()].filter(({ request }) => request.claim[0] === 0);
    if (waiting.length === 0) return;
    const isHeldUp = performance.now() - this.#progress >= usualStart;
    if (isHeldUp && [...this.#threads].every(({ isReady }) => isReady)) {
      // What is held up once is often held up again: twice as many threads each time.
      const room = mostThreads - this.#threads.size;
      const more = Math.min(waiting.length, this.#threads.size, room);
      try {
        for (let i = 0; i < more; i++) this.#addThread();
      } catch {
        // No room for another thread: those that are there must do.
      }
    }
    this.#watch();
  }
}

let spawner: Spawner | undefined;

/** Makes a thread before the first program is to be started; fulfilled when it is ready, or cannot be had. */
export async function prepareSpawning(): Promise<void> {
  spawner ??= new Spawner();
  await spawner.prepare();
}

/** Starts a program in a thread of its own. Rejected if there can be no such thread. */
export function startProgram(job: SpawnJob): Promise<SpawnResult> {
  spawner ??= new Spawner();
  return spawner.run(job);
}

/** Fulfilled when every program that was to be started has been, or could not be. */
export async function programsStarted(): Promise<void> {
  await spawner?.allStarted();
}

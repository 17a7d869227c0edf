// Longer than other files: which thread starts which program is one decision.

import { setImmediate } from "node:timers/promises";
import { exitAtOnce } from "./libc.ts";
import { PoolSpawner } from "./pool-spawner.ts";
import { sendSignal } from "./send-signal.ts";
import type { SpawnJob, SpawnRequest, SpawnResult } from "./spawn-job.ts";
import type { ProgramStarter, ProgramStarterEvents } from "./spawn-worker.ts";
import { SpawnWorker } from "./spawn-worker.ts";

/** More threads than this would take too much memory: 8 MB each, measured. */
const mostThreads = 16;

/** How many of them may be held up by what is not urgent, and how many by one program. */
const mostHeldUp = 12;
const mostOfProgram = 4;

/**
 * If a thread has started nothing for so long, it is held up: milliseconds. Usual is 0.5. Much less would
 * make more threads on a machine that is merely busy, which then is busier.
 */
const usualStart = 200;

/** How long a start takes before that is a problem: milliseconds. */
const longStart = 3000;

/** How many programs `slowStarts` names. */
const mostNamed = 5;

/** Nothing may start this. */
const withdrawn = -1;

const ECANCELED = 125;

interface PendingJob {
  readonly request: SpawnRequest;
  readonly isUrgent: boolean;
  readonly since: number;
  readonly resolve: (result: SpawnResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A start that was asked for. */
export interface SpawnAttempt {
  /** Rejected if there can be no thread. */
  readonly result: Promise<SpawnResult>;
  /**
   * The program is not wanted any more. If no thread has begun to start it, the result is ECANCELED; if one
   * has, its process is killed where the kernel tells which it is. A result may come all the same.
   */
  readonly giveUp: () => void;
}

/** Programs whose start takes long. */
export interface SlowStart {
  readonly file: string;
  /** How many of its starts are under way, and how many wait. */
  readonly starting: number;
  readonly waiting: number;
  /** How long the oldest has taken: milliseconds. */
  readonly age: number;
}

/**
 * Starts programs beside the main thread. posix_spawn(3) returns when the program has been loaded, and
 * that takes seconds where a virus scanner looks at it first, or where it is on a disk that hangs. Threads
 * that are not held up know all jobs, and claim them one by one. Usually one of Node's own does; workers join
 * it while it is held up. One program holds up `mostOfProgram` threads; what is not urgent leaves threads
 * for what is.
 */
class Spawner {
  readonly #events: ProgramStarterEvents = {
    onResult: (starter, id, result) => this.#finish(starter, id, result),
    onFailure: (starter, error) => this.#fail(starter, error),
  };
  readonly #workers = new Set<SpawnWorker>();
  readonly #threads = new Set<ProgramStarter>([new PoolSpawner(this.#events, () => this.#workers)]);
  /** Those that have no result yet. */
  readonly #pending = new Map<number, PendingJob>();
  /** Those of them that no thread knows of. */
  readonly #withheld = new Map<number, PendingJob>();
  /** How many of the others each program has. */
  readonly #posted = new Map<string, number>();
  readonly #starting = new Set<Promise<SpawnResult>>();
  #nextId = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    // Node would wait for a thread that waits for a program, at the end, too.
    process.on("exit", (code) => {
      // It would also stop a thread that still loads koffi, which ends in an abort.
      const isLoading = [...this.#workers].some(({ isReady }) => !isReady);
      if (this.#pending.size > 0 || isLoading) exitAtOnce(code);
    });
  }

  run(job: SpawnJob, isUrgent: boolean): SpawnAttempt {
    const id = this.#nextId++;
    const result = new Promise<SpawnResult>((resolve, reject) => {
      const claim = new Int32Array(new SharedArrayBuffer(4));
      const request = { id, job, claim };
      const since = performance.now();
      const pending = { request, isUrgent, since, resolve, reject };
      this.#pending.set(id, pending);
      this.#withheld.set(id, pending);
      this.#post();
      this.#keepAlive();
      this.#watch();
    });
    this.#starting.add(result);
    const forget = () => void this.#starting.delete(result);
    result.then(forget, forget);
    const giveUp = () => {
      forget();
      this.#giveUp(id);
    };
    return { result, giveUp };
  }

  async allStarted(): Promise<void> {
    // What could not be started is started in another way at once.
    for (await setImmediate(); this.#starting.size > 0; await setImmediate()) {
      await Promise.allSettled(this.#starting);
    }
  }

  get slowStarts(): SlowStart[] {
    const now = performance.now();
    const slow = new Map<string, SlowStart>();
    for (const { request, since } of this.#pending.values()) {
      const { file } = request.job;
      const { starting = 0, waiting = 0, age = 0 } = slow.get(file) ?? {};
      const isClaimed = (request.claim[0] ?? 0) > 0;
      slow.set(file, {
        file,
        starting: starting + (isClaimed ? 1 : 0),
        waiting: waiting + (isClaimed ? 0 : 1),
        age: Math.max(age, now - since),
      });
    }
    const long = [...slow.values()].filter(({ age }) => age >= longStart);
    return long.sort((a, b) => b.age - a.age).slice(0, mostNamed);
  }

  /** Throws as `SpawnWorker`. */
  #addWorker(): void {
    const worker = new SpawnWorker(this.#events);
    this.#workers.add(worker);
    this.#threads.add(worker);
    this.#tellAll(worker);
    this.#keepAlive();
  }

  /** Tells the threads of the jobs that they may start, urgent ones first. */
  #post(): void {
    if (this.#withheld.size === 0) return;
    for (const job of urgentFirst(this.#withheld.values())) {
      if (this.#isHeldUp && this.#countOf(job) >= mostOfProgram) continue;
      this.#withheld.delete(job.request.id);
      this.#count(job, 1);
      this.#threadsFor(job).forEach((thread) => {
        if (thread.heldUpBy === undefined) thread.post(job.request);
      });
    }
  }

  /** Tells a thread of the jobs that others know of and have not begun. */
  #tellAll(thread: ProgramStarter): void {
    for (const job of urgentFirst(this.#unclaimed)) {
      if (this.#threadsFor(job).includes(thread)) thread.post(job.request);
    }
  }

  /** Returns the threads that may start a job. */
  #threadsFor({ isUrgent }: PendingJob): readonly ProgramStarter[] {
    const all = [...this.#threads];
    return isUrgent ? all : all.slice(0, mostHeldUp);
  }

  /** The jobs that threads know of, and have not begun. */
  get #unclaimed(): PendingJob[] {
    return [...this.#pending.values()].filter(
      ({ request }) => request.claim[0] === 0 && !this.#withheld.has(request.id),
    );
  }

  get #isHeldUp(): boolean {
    for (const { heldUpBy } of this.#threads) if (heldUpBy !== undefined) return true;
    return false;
  }

  #countOf({ request: { job } }: PendingJob): number {
    return this.#posted.get(job.file) ?? 0;
  }

  #count({ request: { job } }: PendingJob, change: 1 | -1): void {
    const count = (this.#posted.get(job.file) ?? 0) + change;
    if (count === 0) this.#posted.delete(job.file);
    else this.#posted.set(job.file, count);
  }

  #forget(job: PendingJob): void {
    const { id } = job.request;
    this.#pending.delete(id);
    if (!this.#withheld.delete(id)) this.#count(job, -1);
  }

  #finish(thread: ProgramStarter, id: number, result: SpawnResult): void {
    const job = this.#pending.get(id);
    if (job !== undefined) this.#forget(job);
    job?.resolve(result);
    if (thread.heldUpBy !== undefined) {
      thread.heldUpBy = undefined;
      this.#tellAll(thread);
    }
    this.#post();
    if (this.#pending.size > 0) return;
    for (const worker of this.#workers) this.#end(worker);
    this.#keepAlive();
  }

  /** Rejects what the thread has claimed; and the rest, if no thread is left for it. */
  #fail(thread: ProgramStarter, error: unknown): void {
    this.#threads.delete(thread);
    for (const worker of this.#workers) if (worker === thread) this.#workers.delete(worker);
    for (const job of this.#pending.values()) {
      if (job.request.claim[0] !== thread.id && this.#threads.size > 0) continue;
      this.#forget(job);
      job.reject(error);
    }
    for (const other of this.#threads) if (other.heldUpBy === undefined) this.#tellAll(other);
    this.#keepAlive();
  }

  #giveUp(id: number): void {
    const job = this.#pending.get(id);
    if (job === undefined) return;
    const owner = Atomics.compareExchange(job.request.claim, 0, 0, withdrawn);
    if (owner === 0) {
      this.#forget(job);
      job.resolve({ errno: ECANCELED });
      this.#keepAlive();
      return;
    }
    // Answers that are there already come first.
    void setImmediate().then(() => {
      if (!this.#pending.has(id)) return;
      const child = [...this.#threads].find((thread) => thread.id === owner)?.loadingChild;
      if (child !== undefined) sendSignal(child, "SIGKILL");
    });
  }

  /** This process must not end before it knows what became of a job; threads that wait do not matter. */
  #keepAlive(): void {
    for (const worker of this.#workers) worker.keepAlive(this.#pending.size > 0);
  }

  #end(worker: SpawnWorker): void {
    this.#workers.delete(worker);
    this.#threads.delete(worker);
    worker.end();
  }

  #watch(): void {
    if (this.#pending.size === 0) return;
    // If the main thread was held up itself, the answers are there already.
    this.#timer ??= setTimeout(() => void setImmediate().then(() => this.#look()), usualStart);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const thread of this.#threads) {
      const claimed = [...this.#pending.values()].find(
        ({ request }) => request.claim[0] === thread.id,
      );
      if (claimed === undefined) continue;
      const since = Math.max(thread.idleAt, claimed.since);
      if (now - since >= usualStart) thread.heldUpBy = claimed.request;
    }
    this.#withdraw();
    this.#post();
    this.#helpOut();
    this.#watch();
  }

  /** Takes back the jobs that would hold up more threads than one program may. */
  #withdraw(): void {
    if (!this.#isHeldUp) return;
    for (const job of this.#unclaimed.reverse()) {
      const { request } = job;
      if (this.#countOf(job) <= mostOfProgram) continue;
      if (Atomics.compareExchange(request.claim, 0, 0, withdrawn) !== 0) continue;
      const claim = new Int32Array(new SharedArrayBuffer(4));
      const again = { ...job, request: { ...request, claim } };
      this.#pending.set(request.id, again);
      this.#withheld.set(request.id, again);
      this.#count(job, -1);
    }
  }

  /** Adds threads while all are held up: the last ones are for urgent jobs. */
  #helpOut(): void {
    if ([...this.#threads].some(({ heldUpBy }) => heldUpBy === undefined)) return;
    const waiting = this.#unclaimed;
    const most = waiting.some(({ isUrgent }) => isUrgent) ? mostThreads : mostHeldUp;
    // What is held up once is often held up again: twice as many threads each time.
    const more = Math.min(waiting.length, this.#threads.size, most - this.#threads.size);
    try {
      for (let i = 0; i < more; i++) this.#addWorker();
    } catch {
      // No room for another thread: those that are there must do.
    }
  }
}

function urgentFirst(jobs: Iterable<PendingJob>): PendingJob[] {
  return [...jobs].sort((a, b) => Number(b.isUrgent) - Number(a.isUrgent));
}

let spawner: Spawner | undefined;

/** Starts a program in a thread of its own. `isUrgent`: what is not leaves threads for it. */
export function startProgram(job: SpawnJob, isUrgent: boolean): SpawnAttempt {
  spawner ??= new Spawner();
  return spawner.run(job, isUrgent);
}

/** Fulfilled when every program that was to be started has been, or could not be. */
export async function programsStarted(): Promise<void> {
  await spawner?.allStarted();
}

/** Returns the programs whose start takes long, the oldest first. */
export function slowStarts(): readonly SlowStart[] {
  return spawner?.slowStarts ?? [];
}

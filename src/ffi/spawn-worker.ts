import { readFileSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { koffiPath } from "./koffi-path.ts";
import type { PoolSpawner } from "./pool-spawner.ts";
import { loadSpawnCalls } from "./spawn-calls.ts";
import type { SpawnAnswer, SpawnRequest, SpawnResult } from "./spawn-job.ts";
import { runSpawnThread } from "./spawn-thread.ts";

/** A fraction of Node's usual limits: a thread holds few jobs. */
const resourceLimits = {
  maxYoungGenerationSizeMb: 1,
  maxOldGenerationSizeMb: 16,
  stackSizeMb: 1,
};

/** What starts programs, one after the other. */
export type ProgramStarter = SpawnWorker | PoolSpawner;

export interface ProgramStarterEvents {
  readonly onResult: (starter: ProgramStarter, id: number, result: SpawnResult) => void;
  readonly onFailure: (starter: ProgramStarter, error: unknown) => void;
}

/** A thread that starts programs, as the main thread sees it. */
export class SpawnWorker {
  /** The number by which it claims jobs. */
  readonly id: number;
  /** When it was last known to wait for nothing. */
  idleAt: number = performance.now();
  /** What it has been starting for long. */
  heldUpBy: SpawnRequest | undefined;
  readonly #worker: Worker;
  #tid: number | undefined;
  #lastStarted: number | undefined;

  /** Throws if the system has no room for a thread (EAGAIN: pthread_create(3)). */
  constructor({ onResult, onFailure }: ProgramStarterEvents) {
    // Loaded with the first: usually there is none.
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    this.#worker = new Worker(`(${runSpawnThread})(require, ${loadSpawnCalls})`, {
      ...{ eval: true, workerData: koffiPath, resourceLimits },
      ...{ env: {}, execArgv: [], trackUnmanagedFds: false },
    });
    this.id = this.#worker.threadId;
    this.#worker.on("message", (answer: SpawnAnswer) => {
      this.idleAt = performance.now();
      if ("result" in answer) {
        if ("pid" in answer.result) this.#lastStarted = answer.result.pid;
        return onResult(this, answer.id, answer.result);
      }
      this.#tid = answer.tid;
    });
    this.#worker.on("error", (error) => onFailure(this, error));
  }

  /** Its number in the system; `undefined` until it is ready. */
  get tid(): number | undefined {
    return this.#tid;
  }

  post(request: SpawnRequest): void {
    this.#worker.postMessage(request);
  }

  /** Returns the process whose program is being loaded, if the kernel tells. */
  get loadingChild(): number | undefined {
    if (this.#tid === undefined) return undefined;
    try {
      // The kernel lists them in the order of their making, where it does (CONFIG_PROC_CHILDREN).
      const list = readFileSync(`/proc/self/task/${this.#tid}/children`, "latin1").trim();
      const last = Number(list.split(" ").at(-1));
      return list === "" || last === this.#lastStarted ? undefined : last;
    } catch {
      return undefined;
    }
  }

  /** Whether this process waits for the thread before it ends. */
  keepAlive(isWanted: boolean): void {
    if (isWanted) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Ends the thread when it has done what it has. To stop it at once, inside koffi, would end the process. */
  end(): void {
    this.#worker.postMessage("end");
    this.#worker.unref();
  }

  get isReady(): boolean {
    return this.#tid !== undefined;
  }
}

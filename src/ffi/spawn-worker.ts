import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { koffiPath } from "./koffi-path.ts";
import type { SpawnAnswer, SpawnRequest, SpawnResult } from "./spawn-thread.ts";
import { runSpawnThread } from "./spawn-thread.ts";

/** A fraction of Node's usual limits: a thread holds few jobs. */
const resourceLimits = {
  maxYoungGenerationSizeMb: 1,
  maxOldGenerationSizeMb: 16,
  stackSizeMb: 1,
};

export interface SpawnWorkerEvents {
  readonly onResult: (worker: SpawnWorker, id: number, result: SpawnResult) => void;
  readonly onFailure: (worker: SpawnWorker, error: unknown) => void;
}

/** A thread that starts programs, as the main thread sees it. */
export class SpawnWorker {
  /** The number by which it claims jobs. */
  readonly id: number;
  /** Fulfilled when it waits for its first job, or has failed. */
  readonly ready: Promise<void>;
  /** When it was last known to wait for nothing. */
  idleAt: number = performance.now();
  /** What it has been starting for long. */
  heldUpBy: SpawnRequest | undefined;
  readonly #worker: Worker;
  /** Its number in the system; `undefined` until it is ready. */
  #tid: number | undefined;
  #lastStarted: number | undefined;

  /** Throws if the system has no room for a thread (EAGAIN: pthread_create(3)). */
  constructor({ onResult, onFailure }: SpawnWorkerEvents) {
    this.#worker = new Worker(`(${runSpawnThread})(require)`, {
      ...{ eval: true, workerData: koffiPath, resourceLimits },
      ...{ env: {}, execArgv: [], trackUnmanagedFds: false },
    });
    this.id = this.#worker.threadId;
    let tellReady = () => {};
    this.ready = new Promise((resolve) => {
      tellReady = resolve;
    });
    this.#worker.on("message", (answer: SpawnAnswer) => {
      this.idleAt = performance.now();
      if ("result" in answer) {
        if ("pid" in answer.result) this.#lastStarted = answer.result.pid;
        return onResult(this, answer.id, answer.result);
      }
      this.#tid = answer.tid;
      tellReady();
    });
    this.#worker.on("error", (error) => {
      tellReady();
      onFailure(this, error);
    });
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

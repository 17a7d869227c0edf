import type * as fs from "node:fs";
import type * as threads from "node:worker_threads";
import type { loadSpawnCalls } from "./spawn-calls.ts";
import type { SpawnAnswer, SpawnJob, SpawnRequest, SpawnResult } from "./spawn-job.ts";

/** As `require` has them; the code of a thread cannot import. */
type Load = (name: string) => unknown;

/**
 * The code of a thread that starts programs by posix_spawnp(3), one after the other. It runs from its
 * text, since an executable has no files: it may use nothing from outside the function.
 */
export function runSpawnThread(load: Load, loadCalls: typeof loadSpawnCalls): void {
  const { parentPort, threadId, workerData } = load("node:worker_threads") as typeof threads;
  const { readlinkSync } = load("node:fs") as typeof fs;
  const { posixSpawn, start } = loadCalls(load(workerData) as Parameters<typeof loadCalls>[0]);

  function run(job: SpawnJob): SpawnResult {
    const starting = start(job);
    let step = starting.next();
    while (!step.done) step = starting.next(posixSpawn(...step.value));
    return step.value;
  }

  const answer = (what: SpawnAnswer) => parentPort?.postMessage(what);
  parentPort?.on("message", (request: SpawnRequest | "end") => {
    if (request === "end") {
      parentPort.close();
      return;
    }
    const { id, job, claim } = request;
    if (Atomics.compareExchange(claim, 0, 0, threadId) !== 0) return;
    answer({ id, result: run(job) });
  });
  answer({ tid: Number(readlinkSync("/proc/thread-self").split("/").at(-1)) });
}

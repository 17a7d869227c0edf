// Memory that a daemon at rest does not need.
import { trimMalloc } from "./libc.ts";
import { unmapProgram } from "./program-pages.ts";

type V8 = typeof import("node:v8");

/** A heap that has grown by less is not collected: bytes. */
const worthwhile = 2 * 2 ** 20;

/** The size of the heap after the last collection. */
let kept = 0;

/** Returns memory to the system: garbage, what malloc keeps for later, and the pages of the program. Takes some 20 ms. */
export async function releaseMemory(): Promise<void> {
  const v8 = await import("node:v8");
  if (heapSize(v8) >= kept + worthwhile) {
    await collectGarbage(v8);
    kept = heapSize(v8);
  }
  trimMalloc(0);
  // Last: all before runs code of the program.
  unmapProgram();
}

function heapSize(v8: V8): number {
  const { total_physical_size, malloced_memory } = v8.getHeapStatistics();
  return total_physical_size + malloced_memory;
}

let collect: NodeJS.GCFunction | undefined;

async function collectGarbage(v8: V8): Promise<void> {
  if (collect === undefined) {
    const { runInNewContext } = await import("node:vm");
    // Only contexts that are made meanwhile have the function.
    v8.setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as NodeJS.GCFunction;
    v8.setFlagsFromString("--no-expose-gc");
  }
  // V8 13 keeps the pages that it empties for any other reason; V8 11 takes options for a small collection
  // (v8/src/extensions/gc-extension.cc).
  const isOld = Number.parseInt(process.versions.v8, 10) < 13;
  if (isOld) collect();
  else collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

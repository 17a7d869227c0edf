// Memory that a daemon at rest does not need.
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimMalloc } from "./libc.ts";
import { unmapProgram } from "./program-pages.ts";

/** A heap that has grown by less is not collected: bytes. */
const worthwhile = 2 * 2 ** 20;

/** The size of the heap after the last collection. */
let kept = 0;

/** Returns memory to the system: garbage, what malloc keeps for later, and the pages of the program. Takes some 20 ms. */
export function releaseMemory(): void {
  if (heapSize() >= kept + worthwhile) {
    collectGarbage();
    kept = heapSize();
  }
  trimMalloc(0);
  // Last: all before runs code of the program.
  unmapProgram();
}

function heapSize(): number {
  const { total_physical_size, malloced_memory } = getHeapStatistics();
  return total_physical_size + malloced_memory;
}

let collect: (() => void) | undefined;

function collectGarbage(): void {
  if (collect === undefined) {
    // Only contexts that are made meanwhile have the function.
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}

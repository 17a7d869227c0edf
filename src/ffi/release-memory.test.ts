import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { releaseMemory } from "./release-memory.ts";

/** The resident memory of this process, in MiB. */
function resident(): number {
  const status = readFileSync("/proc/self/status", "latin1");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

test("garbage and the pages of the program are returned, again and again", () => {
  for (let time = 1; time <= 2; time++) {
    let garbage: unknown = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
    const before = resident();
    expect(garbage).toHaveLength(1_000_000);
    garbage = undefined;
    releaseMemory();
    expect(resident()).toBeLessThan(before - 40);
  }
});

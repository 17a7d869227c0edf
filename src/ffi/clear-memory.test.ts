import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { clearMemory } from "./clear-memory.ts";

/** The resident memory of this process, in MiB. */
function resident(): number {
  const status = readFileSync("/proc/self/status", "latin1");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

test.each([0, 1, 4096, 65_536, 200_000, 1_000_001])("zeroes each of %i bytes", (length) => {
  const memory = new SharedArrayBuffer(length);
  const bytes = new Uint8Array(memory).fill(7);
  clearMemory(memory);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  bytes.fill(8);
  expect(bytes.every((byte) => byte === 8)).toBe(true);
});

test("returns the pages to the system", () => {
  const memory = new SharedArrayBuffer(64 << 20);
  new Uint8Array(memory).fill(7);
  const before = resident();
  clearMemory(memory);
  expect(resident()).toBeLessThan(before - 50);
});

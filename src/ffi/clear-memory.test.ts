import { join } from "node:path";
import { expect, test } from "vitest";
import { runInOwnProcess } from "../../test/support/own-process.ts";
import { clearMemory } from "./clear-memory.ts";

test.each([0, 1, 4096, 65_536, 200_000, 1_000_001])("zeroes each of %i bytes", (length) => {
  const memory = new SharedArrayBuffer(length);
  const bytes = new Uint8Array(memory).fill(7);
  clearMemory(memory);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  bytes.fill(8);
  expect(bytes.every((byte) => byte === 8)).toBe(true);
});

test("returns the pages to the system", async () => {
  const script = `
    const memory = new SharedArrayBuffer(64 << 20);
    new Uint8Array(memory).fill(7);
    const before = resident();
    clear.clearMemory(memory);
    console.log(Math.floor(before - resident()));
  `;
  const clear = join(import.meta.dirname, "clear-memory.ts");
  expect(Number(await runInOwnProcess({ clear }, script))).toBeGreaterThan(50);
});

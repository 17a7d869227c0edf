import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runInOwnProcess } from "../../test/support/own-process.ts";
import { programPages } from "./program-pages.ts";

const program = "/opt/a program/knockd";

/** One mapping, as smaps tells of it; figures in KiB. */
function mapping(
  permissions: string,
  { path = program, anonymous = 0, swap = 0 }: { path?: string; anonymous?: number; swap?: number },
): string {
  return [
    `00b72000-00b75000 ${permissions} 0076f000 fe:00 1234                      ${path}`,
    "Size:                 12 kB",
    "Rss:                  12 kB",
    `Anonymous:      ${String(anonymous).padStart(8)} kB`,
    `Swap:           ${String(swap).padStart(8)} kB`,
    "VmFlags: rd ex mr mw me",
    "",
  ].join("\n");
}

describe("programPages", () => {
  test("finds the constants and the code of the program", () => {
    const smaps = mapping("r--p", {}) + mapping("r-xp", {});
    const range = { start: 0xb72000n, length: 0x3000 };
    expect(programPages(smaps, program)).toEqual([range, range]);
  });

  test.each([
    ["relocated pages", mapping("r--p", { anonymous: 8 })],
    ["relocated pages in the swap", mapping("r--p", { swap: 8 })],
    ["code with a breakpoint", mapping("r-xp", { anonymous: 4 })],
    ["data", mapping("rw-p", {})],
    ["shared memory", mapping("r--s", {})],
    ["another file", mapping("r--p", { path: "/usr/lib/libc.so.6" })],
    ["memory without a file", mapping("r--p", { path: "" })],
    ["a mapping without its figures", mapping("r--p", {}).replace(/^Swap.*\n/m, "")],
    ["a text that is not smaps", "VmRSS: 12 kB\n"],
  ])("spares %s", (_, text) => {
    expect(programPages(text, program)).toEqual([]);
  });
});

test("unmapProgram unmaps the program, and keeps what was relocated", async () => {
  const script = `
    const path = readlinkSync("/proc/self/exe");
    /** KiB of the program's mappings: those that are resident, and those that differ from the file. */
    const figures = () => {
      const parts = readFileSync("/proc/self/smaps", "latin1")
        .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
        .filter((text) => text.includes(path));
      const sum = (name) =>
        parts
          .map((text) => Number(new RegExp("^" + name + ": +(\\\\d+) kB$", "m").exec(text)?.[1] ?? 0))
          .reduce((a, b) => a + b, 0);
      return { resident: sum("Rss"), own: sum("Anonymous") + sum("Swap") };
    };
    figures();
    const before = figures();
    pages.unmapProgram();
    console.log(JSON.stringify([before, figures()]));
  `;
  const pages = join(import.meta.dirname, "program-pages.ts");
  const [before, after] = JSON.parse(await runInOwnProcess({ pages }, script));
  // The program runs on, and has some of it mapped again.
  expect(after.resident).toBeLessThan(before.resident * 0.8);
  expect(before.own).toBeGreaterThan(0);
  expect(after.own).toBeGreaterThanOrEqual(before.own);
});

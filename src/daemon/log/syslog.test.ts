import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Datagrams } from "../../../test/support/datagrams.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { wallTime } from "../../base/time.ts";
import { Syslog } from "./syslog.ts";

const wall = wallTime(new Date(2026, 10, 2, 13, 6, 9).getTime());
let folder: string;
let path: string;
let reader: Datagrams;
let clock: ManualClock;
let syslog: Syslog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-syslog-"));
  path = join(folder, "log");
  reader = new Datagrams(path);
  clock = new ManualClock(wall);
  syslog = new Syslog(clock, path);
});
afterEach(() => {
  syslog.close();
  reader.close();
  rmSync(folder, { recursive: true });
});

/** What was read, without the beginning that is always the same. */
const lines = () => reader.received.map((line) => line.replace(/^.*? knockd: /, ""));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

/** More than the kernel keeps for a reader, whatever net.unix.max_dgram_qlen is. */
const burst = 900;

test("a line looks as syslog(3) writes it, and comes at once", () => {
  syslog.write("closing...", wall, false);
  expect(reader.received).toEqual(["<13>Nov  2 13:06:09 knockd: closing..."]);
});

test("what the kernel has no room for comes later, all of it in order", () => {
  for (const line of numbers(burst)) syslog.write(line, wall, true);
  const kept = lines().length;
  expect(kept).toBeLessThan(burst);
  for (let time = 0; lines().length < burst && time < 10_000; time += 5) clock.advance(5);
  expect(lines()).toEqual(numbers(burst));
});

test("while nobody reads it is tried ever less often, and soon again once somebody does", () => {
  for (const line of numbers(burst)) syslog.write(line, wall, true);
  const wakeAt = vi.spyOn(clock, "wakeAt");
  clock.advance(60_000);
  expect(wakeAt.mock.calls.length).toBeLessThan(100);
  for (let time = 0; lines().length < burst && time < 2000; time += 5) clock.advance(5);
  expect(lines()).toEqual(numbers(burst));
});

test("there is an end to what waits, later for what cannot be spared, and it is told", () => {
  for (const line of numbers(burst)) syslog.write(line, wall, true);
  for (const line of numbers(3000)) syslog.write(`spare ${line}`, wall, true);
  syslog.write("OPEN SESAME", wall, false);
  for (let time = 0; time < 20_000; time += 5) {
    clock.advance(5);
    lines();
  }
  const all = lines();
  expect(all).toContain("OPEN SESAME");
  const [lost = 0] = all.flatMap((line) => {
    const [, count] = /^(\d+) lines were left out: the system's log/.exec(line) ?? [];
    return count === undefined ? [] : [Number(count)];
  });
  expect(lost).toBeGreaterThan(2000);
  expect(all.length - 1 + lost).toBe(burst + 3000 + 1);
});

test("at the end what waits is written, if there is a reader", () => {
  for (const line of numbers(burst)) syslog.write(line, wall, true);
  lines();
  const before = lines().length;
  syslog.close();
  expect(lines().length).toBeGreaterThan(before);
  syslog = new Syslog(clock, path);
});

test("lines for nobody are lost, and no trouble", () => {
  const nobody = new Syslog(clock, join(folder, "none"));
  nobody.write("x", wall, false);
  nobody.close();
});

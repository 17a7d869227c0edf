import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { TrafficHistory } from "./traffic-history.ts";

const start = Date.UTC(2026, 10, 28, 14, 31, 20);
const firstMinute = Date.UTC(2026, 10, 28, 14, 31) / 60_000;

function make({ path = join(temporaryFolder(), "k.traffic"), disk = systemDisk, at = start } = {}) {
  const clock = new ManualClock(at);
  const totals = { packets: 0, steps: 0, openings: 0, refusals: 0 };
  const traffic = new TrafficHistory(path, clock, disk, () => ({ ...totals }));
  const happen = (packets: number) => {
    totals.packets += packets;
    traffic.notice();
  };
  return { path, clock, totals, traffic, happen };
}

const counts = async ({ read }: { read: () => ReturnType<TrafficHistory["read"]> }) =>
  (await read()).map(({ time, packets }) => [time.toISOString().slice(11, 16), packets]);
const minutes = (traffic: TrafficHistory) => counts({ read: () => traffic.read() });

test("what is counted belongs to its minute, and lasts in a file of the owner", async () => {
  const first = make();
  first.happen(3);
  first.clock.advance(39_999);
  first.happen(2);
  expect(await minutes(first.traffic)).toEqual([["14:31", 5]]);
  first.clock.advance(120_000);
  first.totals.openings++;
  first.happen(1);
  await first.traffic.close();
  expect(statSync(first.path).mode & 0o777).toBe(0o600);
  const second = make({ path: first.path, at: first.clock.wall() });
  second.happen(4);
  expect(await second.traffic.read()).toEqual([
    { time: new Date(firstMinute * 60_000), packets: 5, steps: 0, openings: 0, refusals: 0 },
    { time: new Date((firstMinute + 2) * 60_000), packets: 5, steps: 0, openings: 1, refusals: 0 },
  ]);
  await second.traffic.close();
});

test("no timer is set and nothing is written while nothing happens", async () => {
  const { clock, traffic, happen, path } = make();
  await traffic.read();
  expect(clock.nextDue).toBe(Number.POSITIVE_INFINITY);
  happen(1);
  for (let i = 0; i < 1000; i++) traffic.notice();
  expect(clock.nextDue - clock.now()).toBe(40_000);
  expect(() => statSync(path)).toThrow("ENOENT");
  clock.advance(40_000);
  expect(clock.nextDue).toBe(Number.POSITIVE_INFINITY);
  await traffic.close();
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    version: 1,
    minutes: [[firstMinute, 1, 0, 0, 0]],
  });
});

test("a day is kept, also when the date is set back", async () => {
  const { clock, traffic, happen, path } = make();
  for (let i = 0; i < 1500; i++) {
    happen(1);
    clock.advance(60_000);
  }
  await traffic.close();
  const kept = await traffic.read();
  expect(kept).toHaveLength(1439);
  expect(kept.at(-1)?.time).toEqual(new Date((firstMinute + 1499) * 60_000));
  const earlier = make({ path, at: start - 10 * 86_400_000 });
  earlier.happen(7);
  expect(await minutes(earlier.traffic)).toEqual([["14:31", 7]]);
  await earlier.traffic.close();
  expect(readFileSync(path, "utf8").length).toBeLessThan(100);
});

test.each([
  ["nothing", ""],
  ["garbage", "\u0000\u0001x"],
  ["a torn file", '{"version":1,"minutes":[[29'],
  ["another version", `{"version":2,"minutes":[[${firstMinute},9,0,0,0]]}`],
  ["no object", "null"],
  ["no list", '{"version":1,"minutes":7}'],
  [
    "damaged rows",
    `{"version":1,"minutes":[1,[${firstMinute},-1,0,0,0],[${firstMinute},"9",0,0,0],[${firstMinute},9]]}`,
  ],
])("a file with %s does not matter", async (_, text) => {
  const path = join(temporaryFolder(), "k.traffic");
  writeFileSync(path, text);
  const { traffic, happen } = make({ path });
  happen(2);
  expect(await minutes(traffic)).toEqual([["14:31", 2]]);
  await traffic.close();
  expect(JSON.parse(readFileSync(path, "utf8")).minutes).toEqual([[firstMinute, 2, 0, 0, 0]]);
});

test("a file that cannot be written is a problem until it can, and nothing is lost", async () => {
  const { path, traffic, happen, clock } = make();
  mkdirSync(path);
  happen(1);
  clock.advance(60_000);
  await traffic.close();
  const message = expect.stringContaining(`cannot write ${path}: `);
  expect(traffic.problems).toEqual([{ code: "history", message }]);
  rmdirSync(path);
  happen(2);
  clock.advance(60_000);
  await traffic.close();
  expect(traffic.problems).toEqual([]);
  expect(JSON.parse(readFileSync(path, "utf8")).minutes).toHaveLength(2);
});

test("what an earlier daemon wrote is not replaced before it is read", async () => {
  const path = join(temporaryFolder(), "k.traffic");
  writeFileSync(path, `{"version":1,"minutes":[[${firstMinute - 5},9,0,0,0]]}`);
  let answer = () => {};
  const hanging = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const disk: Disk = {
    ...systemDisk,
    readFile: async (file) => {
      await hanging;
      return await systemDisk.readFile(file);
    },
  };
  const { traffic, happen, clock } = make({ path, disk });
  happen(1);
  clock.advance(60_000);
  const closed = traffic.close();
  answer();
  await closed;
  expect(await minutes(traffic)).toEqual([
    ["14:26", 9],
    ["14:31", 1],
  ]);
  expect(JSON.parse(readFileSync(path, "utf8")).minutes).toHaveLength(2);
});

test("the minute under way is written at the end, also while an earlier one is", async () => {
  const gates: (() => void)[] = [];
  const disk: Disk = {
    ...systemDisk,
    write: async (...words) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      await systemDisk.write(...words);
    },
  };
  const { path, traffic, happen, clock } = make({ disk });
  happen(1);
  clock.advance(60_000);
  await expect.poll(() => gates.length).toBe(1);
  happen(2);
  const closed = traffic.close();
  gates[0]?.();
  await expect.poll(() => gates.length).toBe(2);
  gates[1]?.();
  await closed;
  expect(JSON.parse(readFileSync(path, "utf8")).minutes).toHaveLength(2);
});

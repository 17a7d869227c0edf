import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { makeEntry } from "../../base/log.ts";
import { later, monotonic, wallTime } from "../../base/time.ts";
import type { LogPriority } from "./log-rate-limiter.ts";
import { LogRateLimiter } from "./log-rate-limiter.ts";

const midnight = Date.UTC(2026, 0, 1);

function open(rate = 50) {
  const clock = new ManualClock(midnight);
  const log = new MemoryLog();
  const rateLimiter = new LogRateLimiter(rate, clock, log);
  /** How many of so many lines are admitted, now. */
  const ask = (times: number, priority: LogPriority = "low") => {
    let admitted = 0;
    for (let i = 0; i < times; i++) if (rateLimiter.admits(priority) !== undefined) admitted++;
    return admitted;
  };
  return { clock, log, rateLimiter, ask };
}

test("all lines are written while they are few, and nothing is said about them", () => {
  const { clock, log, ask } = open();
  for (let second = 0; second < 5; second++) {
    expect(ask(38)).toBe(38);
    clock.advance(1000);
  }
  expect(log.entries).toEqual([]);
});

test("of a flood some are written, and at the end of the second how many were not", () => {
  const { clock, log, ask } = open();
  clock.advance(300);
  expect(ask(100_000)).toBe(38);
  clock.advance(699);
  expect(log.entries).toEqual([]);
  clock.advance(1);
  expect(log.entries).toEqual([
    {
      level: "notice",
      event: "left-out",
      text: "99,962 lines about unauthenticated sources were left out in the last second",
      detail: { lines: 99_962 },
    },
  ]);
  clock.advance(100_000);
  expect(log.entries).toHaveLength(1);
});

test("one line is told as one", () => {
  const { clock, log, ask } = open();
  expect(ask(39)).toBe(38);
  clock.advance(1000);
  expect(log.texts).toEqual([
    "1 line about unauthenticated sources was left out in the last second",
  ]);
});

test("a flood of strangers leaves room for those who have come further", () => {
  const { ask } = open();
  ask(100_000);
  expect(ask(100, "high")).toBe(10);
});

test("those who have come further may have what strangers do not need", () => {
  const { ask } = open();
  ask(5);
  expect(ask(100, "high")).toBe(43);
  expect(ask(1)).toBe(0);
});

test("a line has the date of the second in which it counts", () => {
  const { rateLimiter, clock } = open();
  clock.advance(77);
  expect(rateLimiter.admits("low")).toBe(midnight + 77);
});

describe("where no timer has its turn", () => {
  let wall = midnight;
  const idle = { now: () => monotonic(0), wall: () => wallTime(wall), wakeAt: () => () => {} };

  test("the next line of somebody else tells the sum", () => {
    const log = new MemoryLog();
    const rateLimiter = new LogRateLimiter(50, idle, log);
    for (let i = 0; i < 40; i++) rateLimiter.admits("low");
    wall += 1000;
    expect(rateLimiter.admits("low")).toBeUndefined();
    expect(rateLimiter.admits("high")).toBe(wall);
    expect(log.texts).toEqual([expect.stringMatching(/^3 lines /)]);
    expect(rateLimiter.admits("low")).toBe(wall);
  });
});

test("what was left out is told at the end at the latest, and counted all the time", () => {
  const { rateLimiter, log, clock, ask } = open();
  ask(40);
  expect(rateLimiter.leftOut).toBe(2);
  clock.advance(1000);
  ask(41);
  expect(rateLimiter.leftOut).toBe(5);
  rateLimiter.close();
  rateLimiter.close();
  expect(log.entries.map(({ detail }) => detail?.["lines"])).toEqual([2, 3]);
  expect(rateLimiter.leftOut).toBe(5);
});

test("the date may be set back", () => {
  const clock = new ManualClock(midnight);
  let offset = 0;
  const set = {
    now: () => clock.now(),
    wall: () => later(clock.wall(), offset),
    wakeAt: (when: number, task: () => void) => clock.wakeAt(monotonic(when), task),
  };
  const rateLimiter = new LogRateLimiter(50, set, new MemoryLog());
  for (let i = 0; i < 1000; i++) rateLimiter.admits("low");
  offset = -3_600_000;
  clock.advance(1000);
  expect(rateLimiter.admits("low")).toBe(set.wall());
});

describe("another rate", () => {
  test("counts at once", () => {
    const { rateLimiter, ask } = open();
    expect(ask(1000)).toBe(38);
    rateLimiter.setRate(1000);
    expect(ask(2000)).toBe(798 - 38);
  });

  test("of 0 is no limit", () => {
    const { rateLimiter, log, clock, ask } = open(0);
    expect(ask(100_000)).toBe(100_000);
    clock.advance(10_000);
    expect(rateLimiter.leftOut).toBe(0);
    expect(log.entries).toEqual([]);
  });
});

test("whatever comes: no second has more lines than its rate, and none gets lost in the sums", () => {
  const questions = fc.array(
    fc.record({
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1500 })),
      times: fc.integer({ min: 1, max: 60 }),
      priority: fc.constantFrom("low" as const, "high" as const),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 60 }), questions, (rate, all) => {
      const clock = new ManualClock(midnight + 123);
      const perSecond = new Map<number, number>();
      let told = 0;
      const note = () => {
        const second = Math.floor(clock.wall() / 1000);
        perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
      };
      const rateLimiter = new LogRateLimiter(rate, clock, {
        isEnabled: () => true,
        write: (entry) => {
          told += Number(makeEntry(entry).detail?.["lines"]);
          note();
        },
      });
      let admitted = 0;
      let asked = 0;
      for (const { wait, times, priority } of all) {
        clock.advance(wait);
        for (let i = 0; i < times; i++) {
          asked++;
          if (rateLimiter.admits(priority) === undefined) continue;
          admitted++;
          note();
        }
      }
      rateLimiter.close();
      expect(Math.max(0, ...perSecond.values())).toBeLessThanOrEqual(rate);
      expect(admitted + told).toBe(asked);
      expect(rateLimiter.leftOut).toBe(told);
    }),
  );
});

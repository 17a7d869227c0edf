import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { knockTime } from "../knock/packet.ts";
import { ReplayWindow } from "./window.ts";

const times = (least: number, most: number) => fc.integer({ min: least, max: most }).map(knockTime);

describe("a window", () => {
  test("never takes a time twice, in whatever order, also from one process to the next", () => {
    const step = fc.record({ time: times(1, 300), isRestart: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const taken = new Set<number>();
        let window = new ReplayWindow();
        for (const { time, isRestart } of steps) {
          if (isRestart) window = new ReplayWindow(window.state);
          if (!window.isNew(time)) continue;
          expect(taken.has(time)).toBe(false);
          taken.add(time);
          window.record(time);
          expect(window.isNew(time)).toBe(false);
        }
      }),
      { numRuns: tries(100) },
    );
  });

  test("is a model that never forgets, as long as none is older than 64 later ones", () => {
    fc.assert(
      fc.property(fc.array(times(-40, 0), { maxLength: 300 }), (delays) => {
        const window = new ReplayWindow();
        const taken = new Set<number>();
        for (const [i, delay] of delays.entries()) {
          const time = knockTime(1000 + i + delay);
          expect(window.isNew(time)).toBe(!taken.has(time));
          taken.add(time);
          window.record(time);
        }
      }),
      { numRuns: tries(100) },
    );
  });

  test("lets a device in after its clock was ahead for up to 64 knocks, not after more", () => {
    const ahead = (count: number) => {
      const window = new ReplayWindow();
      for (let i = 0; i < count; i++) window.record(knockTime(1_000_000 + i));
      return window;
    };
    expect(ahead(64).isNew(knockTime(1000))).toBe(true);
    expect(ahead(65).isNew(knockTime(1000))).toBe(false);
  });

  test("keeps 64 times, whatever comes", () => {
    const window = new ReplayWindow();
    for (let time = 1; time <= 1000; time++) window.record(knockTime(time));
    expect(window.state.times).toHaveLength(64);
    expect(window.state.floor).toBe(936);
    expect(window.newest).toBe(1000);
  });

  test("has a floor that rises and never falls", () => {
    const window = new ReplayWindow({ floor: knockTime(5), times: [7, 9].map(knockTime) });
    window.raiseFloor(knockTime(3));
    expect(window.state).toEqual({ floor: 5, times: [7, 9] });
    window.raiseFloor(knockTime(7));
    expect(window.state).toEqual({ floor: 7, times: [9] });
    window.raiseFloor(knockTime(10));
    expect(window.state).toEqual({ floor: 10, times: [] });
    expect(window.newest).toBe(10);
  });

  test("ignores the order of what it is made of", () => {
    const window = new ReplayWindow({ floor: knockTime(5), times: [9, 2, 7, 7].map(knockTime) });
    expect(window.state).toEqual({ floor: 5, times: [7, 9] });
  });
});

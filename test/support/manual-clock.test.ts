import { describe, expect, test } from "vitest";
import { monotonic } from "../../src/base/time.ts";
import { ManualClock } from "./manual-clock.ts";

describe("a clock that is moved by hand", () => {
  test("stands still until told", () => {
    const clock = new ManualClock(1_000_000);
    expect([clock.now(), clock.wall()]).toEqual([0, 1_000_000]);
    clock.advance(1500);
    expect([clock.now(), clock.wall()]).toEqual([1500, 1_001_500]);
  });

  test("runs what falls due, earliest first, each at its time and once", () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name} at ${clock.now()}`);
    clock.wakeAt(monotonic(30), note("c"));
    clock.wakeAt(monotonic(10), note("a"));
    clock.wakeAt(monotonic(20), note("b"));
    clock.wakeAt(monotonic(31), note("d"));
    clock.advance(30);
    expect(ran).toEqual(["a at 10", "b at 20", "c at 30"]);
    clock.advance(100);
    expect(ran.slice(3)).toEqual(["d at 31"]);
  });

  test("runs what a task asks for while it is moving", () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    const again = () => {
      ran.push(clock.now());
      clock.wakeAt(monotonic(clock.now() + 10), again);
    };
    clock.wakeAt(monotonic(10), again);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test("runs what is overdue at its next move, and never turns back for it", () => {
    const clock = new ManualClock();
    clock.advance(100);
    const ran: number[] = [];
    clock.wakeAt(monotonic(50), () => ran.push(clock.now()));
    expect(ran).toEqual([]);
    clock.advance(0);
    expect(ran).toEqual([100]);
  });

  test("does not run what was prevented, even by a task of the same moment", () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const prevent = clock.wakeAt(monotonic(20), () => ran.push("second"));
    clock.wakeAt(monotonic(10), () => {
      ran.push("first");
      prevent();
    });
    clock.advance(50);
    prevent();
    expect(ran).toEqual(["first"]);
  });
});

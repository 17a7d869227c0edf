import { beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { IdleMemory } from "./idle-memory.ts";

let clock: ManualClock;
let released: number;
let memory: IdleMemory;
beforeEach(() => {
  clock = new ManualClock();
  released = 0;
  memory = new IdleMemory(clock, async () => {
    released++;
  });
});

test("memory is given back once, 15 s after activity", () => {
  memory.noteActivity();
  clock.advance(14_999);
  expect(released).toBe(0);
  clock.advance(1);
  expect(released).toBe(1);
  clock.advance(3_600_000);
  expect(released).toBe(1);
});

test("nothing is given back while packets come", () => {
  for (let second = 0; second < 600; second++) {
    memory.noteActivity();
    clock.advance(1_000);
  }
  expect(released).toBe(0);
  clock.advance(30_000);
  expect(released).toBe(1);
});

test("after activity it is given back again", () => {
  for (let time = 1; time <= 3; time++) {
    memory.noteActivity();
    clock.advance(30_000);
    expect(released).toBe(time);
  }
});

test("nothing is given back after the end", () => {
  memory.noteActivity();
  memory.close();
  memory.noteActivity();
  clock.advance(60_000);
  expect(released).toBe(0);
});

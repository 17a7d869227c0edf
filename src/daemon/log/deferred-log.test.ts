import { expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { Entry } from "../../base/log.ts";
import { DeferredLog } from "./deferred-log.ts";

const say = (text: string): Entry => ({ level: "notice", event: "x", text });

function open() {
  const clock = new ManualClock(1000);
  const told: string[] = [];
  const backlog = new DeferredLog(
    { write: ({ text }, wall) => told.push(`${text} ${wall}`) },
    clock,
  );
  return { clock, told, backlog };
}

test("what is written waits for a moment, and keeps its order and its date", () => {
  const { clock, told, backlog } = open();
  backlog.begin();
  backlog.write(say("a"));
  clock.advance(5);
  backlog.write(say("b"));
  backlog.write(say("c"), 7);
  expect(told).toEqual([]);
  clock.advance(5);
  expect(told).toEqual(["a 1000", "b 1005", "c 7"]);
  backlog.write(say("d"));
  clock.advance(10);
  expect(told.at(-1)).toBe("d 1010");
});

test("before the beginning and after the end nothing waits", () => {
  const { clock, told, backlog } = open();
  backlog.write(say("a"));
  expect(told).toEqual(["a 1000"]);
  backlog.begin();
  backlog.write(say("b"));
  backlog.close();
  backlog.write(say("c"));
  expect(told).toEqual(["a 1000", "b 1000", "c 1000"]);
  clock.advance(100);
  expect(told).toHaveLength(3);
});

test("an urgent entry does not wait, nor do those before it", () => {
  const { clock, told, backlog } = open();
  backlog.begin(({ text }) => text === "b");
  backlog.write(say("a"));
  expect(told).toEqual([]);
  backlog.write(say("b"));
  expect(told).toEqual(["a 1000", "b 1000"]);
  backlog.write(say("c"));
  expect(told).toHaveLength(2);
  clock.advance(10);
  expect(told).toEqual(["a 1000", "b 1000", "c 1000"]);
});

test("what the log says while it takes an entry comes after it", () => {
  const told: string[] = [];
  const clock = new ManualClock();
  const backlog: DeferredLog = new DeferredLog(
    {
      write: ({ text }) => {
        told.push(text);
        if (text === "a") backlog.write(say("c"));
      },
    },
    clock,
  );
  backlog.begin();
  backlog.write(say("a"));
  backlog.write(say("b"));
  clock.advance(20);
  expect(told).toEqual(["a", "b", "c"]);
});

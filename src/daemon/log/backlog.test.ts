import { expect, test } from "vitest";
import { ManualClock } from "../../base/clock.ts";
import type { Entry } from "../../base/log.ts";
import { Backlog } from "./backlog.ts";

const say = (text: string): Entry => ({ level: "notice", event: "x", text });

function open() {
  const clock = new ManualClock(1000);
  const told: string[] = [];
  const backlog = new Backlog({ write: ({ text }, wall) => told.push(`${text} ${wall}`) }, clock);
  return { clock, told, backlog };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what is written waits for the loop's next turn, and keeps its order and its date", async () => {
  const { clock, told, backlog } = open();
  backlog.begin();
  backlog.write(say("a"));
  clock.advance(5);
  backlog.write(say("b"));
  backlog.write(say("c"), 7);
  expect(told).toEqual([]);
  clock.advance(5);
  await turn();
  expect(told).toEqual(["a 1000", "b 1005", "c 7"]);
  backlog.write(say("d"));
  await turn();
  expect(told.at(-1)).toBe("d 1010");
});

test("before the beginning and after the end nothing waits", async () => {
  const { told, backlog } = open();
  backlog.write(say("a"));
  expect(told).toEqual(["a 1000"]);
  backlog.begin();
  backlog.write(say("b"));
  backlog.close();
  backlog.write(say("c"));
  expect(told).toEqual(["a 1000", "b 1000", "c 1000"]);
  await turn();
  expect(told).toHaveLength(3);
});

test("what the log says while it takes an entry comes after it", async () => {
  const told: string[] = [];
  const backlog: Backlog = new Backlog(
    {
      write: ({ text }) => {
        told.push(text);
        if (text === "a") backlog.write(say("c"));
      },
    },
    new ManualClock(),
  );
  backlog.begin();
  backlog.write(say("a"));
  backlog.write(say("b"));
  await turn();
  await turn();
  expect(told).toEqual(["a", "b", "c"]);
});

import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { systemClock } from "../base/clock.ts";
import { KnockError } from "../base/errors.ts";
import type { KeepListener } from "./keep.ts";
import { keepOpen } from "./keep.ts";

/** What a listener heard, until it heard enough. */
function listener(enough: number) {
  const heard: string[] = [];
  const stop = new AbortController();
  const hear = (text: string) => {
    if (heard.push(text) === enough) stop.abort();
  };
  const made: KeepListener = {
    onKnock: (cause) => hear(`knock: ${cause}`),
    onKept: (addresses, next) => hear(`kept from ${addresses}: ${next}`),
    onFailure: (error, next) => hear(`${error.message}: ${next}`),
  };
  return { heard, signal: stop.signal, ...made };
}

test("a door is knocked at again a little before half of its lease is over", async () => {
  const { signal, heard, ...hears } = listener(6);
  const times: number[] = [];
  const knock = async () => {
    times.push(systemClock.now());
    return ["127.0.0.1"];
  };
  await keepOpen({ lease: 400, origin: {}, knock }, hears, systemClock, signal);
  const kept = expect.stringMatching(/^kept from 127\.0\.0\.1: \d/);
  expect(heard).toEqual(["knock: begin", kept, "knock: lease", kept, "knock: lease", kept]);
  const [first = 0, second = 0] = times;
  // Half of 400 ms less a tenth; a timer may be a millisecond early.
  expect(second - first).toBeGreaterThanOrEqual(175);
});

test.each([
  ["no time", 0, 4_500],
  ["a second", 1_000, 3_500],
  ["most of the lease", 8_000, 0],
])("a knock that takes %s leaves room for one that gets lost", async (_, time, next) => {
  const clock = new ManualClock();
  const { signal, heard, ...hears } = listener(2);
  const knock = async () => {
    clock.advance(time);
    return ["127.0.0.1"];
  };
  await keepOpen({ lease: 10_000, origin: {}, knock }, hears, clock, signal);
  expect(heard).toEqual(["knock: begin", `kept from 127.0.0.1: ${next}`]);
});

test("a knock that failed is tried again, at last as often as one that worked", async () => {
  const { signal, heard, ...hears } = listener(6);
  let knocks = 0;
  const knock = async () => {
    if (++knocks < 3) throw new KnockError("SEND", `failure ${knocks}`);
    return ["127.0.0.1"];
  };
  await keepOpen({ lease: 200, origin: {}, knock }, hears, systemClock, signal);
  expect(heard).toEqual([
    "knock: begin",
    "failure 1: 90",
    "knock: failure",
    "failure 2: 90",
    "knock: failure",
    expect.stringMatching(/^kept from 127\.0\.0\.1: \d/),
  ]);
});

test("what is no KnockError ends it", async () => {
  const { signal, heard: _, ...hears } = listener(9);
  const knock = async () => {
    throw new TypeError("a bug");
  };
  await expect(
    keepOpen({ lease: 200, origin: {}, knock }, hears, systemClock, signal),
  ).rejects.toThrow("a bug");
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { address } from "../../test/support/packets.ts";
import type { FirewallResult } from "../firewall/firewall.ts";
import { DoorActivity } from "./door-activity.ts";

beforeEach(() => void vi.stubEnv("TZ", "UTC"));
afterEach(() => vi.unstubAllEnvs());

const source = address("192.0.2.7");
const owner = (name: string) => ({ kind: "door", name, nth: 1 }) as const;

function make() {
  const clock = new ManualClock(Date.UTC(2026, 10, 28, 14, 31, 4));
  const activity = new DoorActivity(clock);
  const run = (name: string, result: FirewallResult) => {
    const subject = { owner: owner(name), source, method: "command" } as const;
    activity.record({ ...subject, kind: "opened", by: "knock" });
    activity.record({ ...subject, kind: "ended", result });
  };
  return { clock, activity, run };
}

const failed = { kind: "failed", status: 2, stderr: "no chain" } as const;

test("a door whose command failed is a problem until it succeeds", () => {
  const { activity, run, clock } = make();
  run("broken", failed);
  run("broken", failed);
  run("works", { kind: "done" });
  const message =
    '"broken": its command failed 2 times, last 2026-11-28 14:31:04 for 192.0.2.7: ' +
    "command returned non-zero status code (2): no chain";
  expect(activity.problems).toEqual([{ code: "command-failed", message, door: "broken", source }]);
  run("broken", { kind: "done" });
  expect(activity.problems).toEqual([]);
  const time = clock.wall();
  expect(activity.of("broken", 1)).toMatchObject({
    ...{ openings: 3, lastOpening: { time, source, by: "knock" } },
    ...{ failures: 2, lastFailure: { time, source, result: failed } },
  });
  expect(activity.of("broken", 2)).toBeUndefined();
});

test("a door that a reload changed or removed starts anew", () => {
  const { activity, run } = make();
  run("broken", failed);
  run("other", failed);
  activity.forget(["broken"]);
  expect(activity.problems).toMatchObject([{ door: "other" }]);
});

test("what an earlier daemon opened last is known, unless doors have the same name", () => {
  const { activity, run, clock } = make();
  const lastOpening = { time: clock.wall(), source: address("192.0.2.9"), by: "key" } as const;
  run("opened", failed);
  activity.recall(
    new Map(["opened", "quiet", "twice", "gone"].map((name) => [name, lastOpening])),
    ["opened", "quiet", "twice", "twice"],
  );
  expect(activity.of("quiet", 1)).toMatchObject({ openings: 0, lastOpening });
  expect(activity.of("opened", 1)?.lastOpening).toMatchObject({ source, by: "knock" });
  expect(activity.of("twice", 1)).toBeUndefined();
  expect(activity.of("gone", 1)).toBeUndefined();
  expect(activity.problems).toMatchObject([{ door: "opened" }]);
});

test("many failing doors are named in part", () => {
  const { activity, run } = make();
  for (let i = 0; i < 12; i++) run(`door ${i}`, failed);
  expect(activity.problems).toHaveLength(11);
  expect(activity.problems.at(-1)?.message).toMatch(/^the commands of 2 more doors failed/);
});

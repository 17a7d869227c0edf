import { expect, test, vi } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { DoorConfig } from "../../config/config.ts";
import { parseConfig } from "../../config/parse.ts";
import { TargetNames } from "./target-names.ts";
import { Targets } from "./targets.ts";

function doors(target: string): readonly DoorConfig[] {
  const { config } = parseConfig(`[x]\nsequence = 1\ntarget = ${target}`);
  if (config === undefined) throw new Error("no configuration");
  return config.doors;
}

function follow(target: string) {
  const clock = new ManualClock();
  const targets = new Targets(new MemoryLog());
  const refresh = vi.spyOn(targets, "refresh");
  const changes = vi.fn();
  const names = new TargetNames(targets, clock, changes);
  return { clock, refresh, changes, names, followed: names.follow(doors(target)) };
}

test("names are looked up at once, and again every minute until the end", async () => {
  const { clock, refresh, changes, names, followed } = follow("localhost, 192.0.2.1");
  await followed;
  expect(refresh.mock.calls).toEqual([[["localhost"]]]);
  expect(changes).toHaveBeenCalledTimes(1);
  clock.advance(60_000);
  expect(refresh).toHaveBeenCalledTimes(2);
  await expect.poll(async () => await refresh.mock.results[1]?.value).toBe(false);
  expect(changes).toHaveBeenCalledTimes(1);
  names.close();
  clock.advance(600_000);
  expect(refresh).toHaveBeenCalledTimes(2);
});

test("without names nothing is looked up and nothing wakes", async () => {
  const { clock, refresh, followed } = follow("192.0.2.1");
  await followed;
  clock.advance(600_000);
  expect(refresh).not.toHaveBeenCalled();
});

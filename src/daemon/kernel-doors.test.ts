import { expect, test } from "vitest";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { parseConfig } from "../config/parse.ts";
import { Doors } from "./doors.ts";
import { DaemonKernelDoors } from "./kernel-doors.ts";
import { Rehearsal } from "./rehearsal.ts";

const text = "[ssh]\nsequence = 1,2\nopen = tcp/22\nopen_for = 30s\nprotect = yes\n";

function start() {
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("no configuration");
  const clock = new ManualClock();
  const rehearsal = new Rehearsal(clock);
  const doors = new Doors(config.doors, () => [], new MemoryLog());
  const kernelDoors = new DaemonKernelDoors(config.options, {
    doors: () => doors,
    onlyIpv4: false,
    deviceOf: (name) => ({ name, master: undefined }),
    ...{ clock, rehearsal },
    wereTouched: () => false,
    log: new MemoryLog(),
  });
  const load = () => {
    const taken = kernelDoors.take();
    kernelDoors.record({ areLoaded: true, refusal: undefined, closed: [] });
    return taken;
  };
  return { clock, rehearsal, kernelDoors, load };
}

test("a dry run leaves the doors in the kernel, which opens none until it ends by itself", () => {
  const { clock, rehearsal, kernelDoors, load } = start();
  expect(load()).toMatchObject({ pause: 0 });
  const protection = { services: [{ protocol: "tcp", port: 22 }] as const };
  rehearsal.begin(undefined, 60_000);
  expect(kernelDoors.areStale).toBe(true);
  clock.advance(10_000);
  expect(load()).toMatchObject({ pause: 51_000 });
  expect(kernelDoors.areStale).toBe(false);
  expect(kernelDoors.states()).toEqual([{ opens: false, why: "a dry run is under way" }]);
  // The next boot knows nothing of it.
  const boot = kernelDoors.bootRuleset(protection, "sesame");
  expect(boot?.doors).toHaveLength(1);
  expect(boot?.text).not.toContain("add element inet sesame paused");
  clock.advance(50_000);
  expect(kernelDoors.states()).toEqual([{ opens: true }]);
});

test("the end of a dry run ends the pause of the kernel", () => {
  const { rehearsal, kernelDoors, load } = start();
  rehearsal.begin(undefined, 60_000);
  load();
  rehearsal.end();
  expect(kernelDoors.areStale).toBe(true);
  expect(load()).toMatchObject({ pause: 0 });
});

test("doors that nft did not load are stale until it loads them", () => {
  const { kernelDoors, load } = start();
  kernelDoors.take();
  expect(kernelDoors.areStale).toBe(true);
  load();
  expect(kernelDoors.areStale).toBe(false);
});

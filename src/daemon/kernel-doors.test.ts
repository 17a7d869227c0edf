import { expect, test } from "vitest";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { parseConfig } from "../config/parse.ts";
import { DaemonKernelDoors } from "./kernel-doors.ts";

test("there are none while knocks open nothing", () => {
  const { config } = parseConfig("[options]\nKernelDoors = yes\n");
  if (config === undefined) throw new Error("no configuration");
  let isRehearsed = false;
  const kernelDoors = new DaemonKernelDoors(config.options, {
    doors: () => ({ all: [] }),
    onlyIpv4: false,
    deviceOf: (name) => name,
    isRehearsed: () => isRehearsed,
    log: new MemoryLog(),
  });
  expect(kernelDoors.take()).toBeDefined();
  kernelDoors.record({ areLoaded: true, refusal: undefined, closed: [] });
  isRehearsed = true;
  expect(kernelDoors.areStale).toBe(true);
  expect(kernelDoors.take()).toBeUndefined();
});

test("doors that nft did not load are stale until it loads them", () => {
  const { config } = parseConfig("[options]\nKernelDoors = yes\n");
  if (config === undefined) throw new Error("no configuration");
  const kernelDoors = new DaemonKernelDoors(config.options, {
    doors: () => ({ all: [] }),
    onlyIpv4: false,
    deviceOf: (name) => name,
    log: new MemoryLog(),
  });
  kernelDoors.take();
  expect(kernelDoors.areStale).toBe(true);
  kernelDoors.take();
  kernelDoors.record({ areLoaded: true, refusal: undefined, closed: [] });
  expect(kernelDoors.areStale).toBe(false);
});

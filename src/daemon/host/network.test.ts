import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { NetworkDevice } from "../../capture/device.ts";
import { NetworkChanges } from "./network.ts";

/** What the kernel would call at a change of the network. */
let changed = () => {};
const watch = (task: () => void) => {
  changed = task;
  return () => {};
};

describe("a change that cannot be followed", () => {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const fails = { ring: false, host: false };
  const done: string[] = [];
  const attempt = (what: "ring" | "host") => () => {
    if (fails[what]) throw new Error(`no ${what}`);
    done.push(what);
  };
  const ring = {
    listen: attempt("ring"),
    interfacesChanged: attempt("ring"),
    missing: () => [],
    devices: () => new Map(),
  };
  const onDevices = () => {};
  const host = { refresh: attempt("host"), addresses: () => [] };
  let network: NetworkChanges;
  beforeEach(() => {
    Object.assign(fails, { ring: false, host: false });
    network = new NetworkChanges({ host, ring, log, clock, watch, onDevices });
    log.entries.length = 0;
    done.length = 0;
  });
  afterEach(() => network.close());

  test.each(["ring", "host"] as const)("is tried again each second, and said once: %s", (what) => {
    fails[what] = true;
    changed();
    const problem = `cannot follow a change of the network: no ${what}`;
    expect(network.problems).toEqual([{ code: "network", message: problem }]);
    clock.advance(10_000);
    expect(log.texts).toEqual([problem]);
    fails[what] = false;
    done.length = 0;
    clock.advance(999);
    expect(done).toEqual([]);
    clock.advance(1);
    expect(done).toEqual(["ring", "host"]);
    expect(network.problems).toEqual([]);
    expect(log.texts).toEqual([problem, "following network changes again"]);
    clock.advance(10_000);
    expect(done).toEqual(["ring", "host"]);
  });

  test("is not tried any more once a later change could be followed, or after the end", () => {
    fails.ring = true;
    changed();
    fails.ring = false;
    changed();
    expect(network.problems).toEqual([]);
    fails.ring = true;
    changed();
    network.close();
    fails.ring = false;
    done.length = 0;
    clock.advance(10_000);
    expect(done).toEqual([]);
  });

  test("is tried again when other interfaces are to be listened on, too", () => {
    fails.ring = true;
    network.listen(["eth0"]);
    fails.ring = false;
    clock.advance(1000);
    expect(done).toEqual(["ring", "host"]);
  });
});

test("an interface that is missing is a problem until it is there", () => {
  const log = new MemoryLog();
  const clock = new ManualClock();
  let missing = ["eth9"];
  const network = new NetworkChanges({
    host: { refresh: () => {}, addresses: () => [] },
    ring: {
      listen: () => {},
      interfacesChanged: () => {},
      missing: () => missing,
      devices: () => new Map(),
    },
    log,
    clock,
    watch,
    onDevices: () => {},
  });
  expect(network.missing).toEqual(["eth9"]);
  const message = "there is no interface eth9: knockd waits for it";
  expect(network.problems).toEqual([{ code: "interface-missing", message }]);
  missing = [];
  changed();
  expect(network.missing).toEqual([]);
  expect(network.problems).toEqual([]);
  network.close();
});

test("an interface that comes, goes, or gets another name is told, and other changes are not", () => {
  let devices = new Map<string, NetworkDevice>();
  const told: (string | undefined)[] = [];
  const log = new MemoryLog();
  const network = new NetworkChanges({
    host: { refresh: () => {}, addresses: () => [] },
    ring: {
      listen: () => {},
      interfacesChanged: () => {},
      missing: () => [],
      devices: () => devices,
    },
    log,
    clock: new ManualClock(),
    watch,
    onDevices: () => told.push(network.deviceOf("outer")?.name),
  });
  changed();
  for (const name of ["eth0", "eth0", "wan0"]) {
    devices = new Map([["outer", { name, master: undefined }]]);
    changed();
  }
  devices = new Map();
  changed();
  expect(told).toEqual(["eth0", "wan0", undefined]);
  // A reload makes the rules by itself.
  devices = new Map([["outer", { name: "eth0", master: undefined }]]);
  network.listen(["outer"]);
  expect([told.length, network.deviceOf("outer")?.name]).toEqual([3, "eth0"]);
  expect(network.problems).toEqual([]);
  devices = new Map([["outer", { name: "eth0", master: "br0" }]]);
  for (let i = 0; i < 2; i++) changed();
  const message = "interface outer is a port of br0: knocks may not arrive, name br0";
  expect(told.length).toBe(4);
  expect(network.problems).toEqual([{ code: "interface-port", message }]);
  expect(log.texts.filter((text) => text.includes("br0"))).toEqual([`warning: ${message}`]);
  network.close();
});

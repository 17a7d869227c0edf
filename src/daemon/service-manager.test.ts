import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Datagrams } from "../../test/support/datagrams.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { ServiceManager } from "./service-manager.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-notify-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What this process would be started with, by a manager that listens at `path`. */
function start(path: string, more: NodeJS.ProcessEnv = {}) {
  const systemd = new Datagrams(path.replace(/^@/, "\0"));
  const clock = new ManualClock();
  const environment = { NOTIFY_SOCKET: path, ...more };
  const manager = new ServiceManager(clock, environment);
  onTestFinished(() => {
    manager.close();
    systemd.close();
  });
  return { systemd, clock, environment, manager };
}

describe.each([
  ["a path", () => join(folder, "notify")],
  ["an abstract address", () => `@${folder}/notify`],
])("a service manager at %s", (_, path) => {
  test("hears of the start, of reloads and of the end", () => {
    const { systemd, clock, manager } = start(path());
    manager.ready("2 doors, 0 open");
    clock.advance(1234.5);
    manager.reloading();
    manager.ready("3 doors, 0 open");
    manager.stopping();
    expect(systemd.received).toEqual([
      "READY=1\nSTATUS=2 doors, 0 open",
      "RELOADING=1\nMONOTONIC_USEC=1234500\nSTATUS=reading the configuration",
      "READY=1\nSTATUS=3 doors, 0 open",
      "STOPPING=1",
    ]);
  });
});

test("a watchdog is told twice in its time that we live, from ready to the end", () => {
  const { systemd, clock, manager } = start(join(folder, "notify"), { WATCHDOG_USEC: "20000000" });
  const alive = () => systemd.received.filter((text) => text === "WATCHDOG=1").length;
  clock.advance(60_000);
  expect(alive()).toBe(0);
  manager.ready("");
  expect(alive()).toBe(1);
  clock.advance(9999);
  expect(alive()).toBe(1);
  clock.advance(1);
  expect(alive()).toBe(2);
  clock.advance(50_000);
  expect(alive()).toBe(7);
  // Not twice as often after a reload.
  manager.ready("");
  clock.advance(20_000);
  expect(alive()).toBe(10);
  manager.stopping();
  clock.advance(60_000);
  expect(alive()).toBe(10);
});

test("without a watchdog nothing is said of one", () => {
  const { systemd, clock, manager } = start(join(folder, "notify"));
  manager.ready("");
  clock.advance(1_000_000);
  expect(systemd.received).toEqual(["READY=1\nSTATUS="]);
});

test("commands do not hear of it", () => {
  const { environment } = start(join(folder, "notify"), {
    WATCHDOG_USEC: "1",
    WATCHDOG_PID: "1",
    PATH: "/bin",
  });
  expect(environment).toEqual({ PATH: "/bin" });
});

test.each<[string, NodeJS.ProcessEnv]>([
  ["nobody asked", {}],
  ["nobody listens", { NOTIFY_SOCKET: "/dev/null/none" }],
  ["the address is too long", { NOTIFY_SOCKET: `/${"x".repeat(200)}` }],
])("where %s nothing is said, and nothing breaks", (_, environment) => {
  const manager = new ServiceManager(new ManualClock(), environment);
  manager.ready("");
  manager.reloading();
  manager.stopping();
  manager.close();
});

import { existsSync, mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { byKernel } from "../../../test/support/accesses.ts";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { MemoryBackend } from "../../../test/support/memory-backend.ts";
import { memoryStarter } from "../../../test/support/memory-backend.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import { parseConfig } from "../../config/parse.ts";
import type { Starter } from "../../firewall/backends.ts";
import { systemDisk } from "../../system/disk.ts";
import { stateFiles } from "../../system/state-files.ts";
import { Firewalls } from "../firewalls.ts";
import { DaemonKernelDoors } from "../kernel-doors.ts";
import { Rehearsal } from "../rehearsal.ts";
import { Protection } from "./protection.ts";

const ssh: Service = { protocol: "tcp", port: 22 };
const web: Service = { protocol: "tcp", port: 80 };
const mail: Service = { protocol: "tcp", port: 25 };

const nativeDoor =
  "[ssh]\nSequence = 7000\nTCPFlags = syn\nOpen = tcp/22\nOpen_For = 10m\nProtect = yes\n";

function configure(protection: Protection, text = nativeDoor): Promise<void> {
  const { config } = parseConfig(text);
  if (config === undefined) throw new Error("no configuration");
  return protection.configure(config);
}

/** A daemon whose earlier one has confirmed tcp/80, on a disk that does not answer at first. */
function startOnHungDisk(left: readonly Service[]) {
  const folder = temporaryFolder();
  const files = stateFiles(folder, join(folder, "knockd.conf"));
  writeFileSync(files.guarded, "tcp/80\n");
  let answer = () => {};
  const hung = new Promise<void>((resolve) => (answer = resolve));
  const disk = {
    ...systemDisk,
    readFile: async (path: string) => {
      await hung;
      return systemDisk.readFile(path);
    },
  };
  const started: MemoryBackend[] = [];
  const starter = { ...memoryStarter((one) => started.push(one)), listLeft: () => left };
  const [clock, log, table] = [new ManualClock(), new MemoryLog(), "sesame"];
  const starters = { nftables: starter, ipset: memoryStarter() };
  const firewalls = new Firewalls({ starters, table, clock, log, onLoss: () => {} });
  const parts = {
    files,
    disk,
    table,
    firewalls,
    clock,
    log,
    kernelDoors: undefined,
    deviceOf: (name: string) => ({ name, master: undefined }),
  };
  const protection = new Protection(parts);
  onTestFinished(() => protection.close());
  return { protection, files, log, clock, answer, kernel: () => started.at(-1)?.listProtected() };
}

test("while its disk hangs, what the kernel protects stays so; then what was confirmed counts", async () => {
  const { protection, files, log, answer, kernel } = startOnHungDisk([web, mail]);
  await configure(protection);
  expect(kernel()).toEqual([ssh, web, mail]);
  const problem = `cannot read ${files.guarded}: the disk has not answered for 2 s: what the kernel protects stays protected`;
  expect([protection.problems, log.texts]).toEqual([[problem], expect.arrayContaining([problem])]);
  await expect(protection.keep([mail])).rejects.toMatchObject({ code: "SYSTEM", message: problem });
  expect(existsSync(files.boot)).toBe(false);
  answer();
  await expect.poll(kernel).toEqual([ssh, web]);
  await expect.poll(() => existsSync(files.boot)).toBe(true);
  expect(protection.problems).toEqual([]);
  await protection.keep([mail]);
  expect(readFileSync(files.guarded, "utf8")).toBe("tcp/80\ntcp/25\n");
});

test("what is unprotected while the disk hangs stays so when it answers", async () => {
  const { protection, log, answer, kernel } = startOnHungDisk([web]);
  await configure(protection);
  await expect(protection.unprotect()).rejects.toThrow("the protection is removed, but ");
  expect(kernel()).toEqual([]);
  expect(log.texts.at(-1)).toMatch(/^the next start protects what was confirmed before: /);
  answer();
  const problem = expect.stringMatching(/^the next start protects/);
  await expect.poll(() => protection.problems).toEqual([problem]);
  expect(kernel()).toEqual([]);
  // A file that could not be removed counts for the next start only.
  await protection.keep([mail]);
  expect([kernel(), protection.problems]).toEqual([[mail], []]);
});

test("what is being confirmed is on trial or protected at every moment", async () => {
  const { protection, answer } = startOnHungDisk([]);
  answer();
  await configure(protection);
  await protection.try([mail], 60_000);
  let isConfirmed = false;
  const confirmation = protection.confirm([mail]).then(() => (isConfirmed = true));
  while (!isConfirmed) {
    const { services, trial } = protection;
    expect([...services, ...(trial?.services ?? [])]).toContainEqual(mail);
    await nextTurn();
  }
  await confirmation;
  expect([protection.services, protection.trial]).toEqual([[ssh, web, mail], undefined]);
});

test("while it cannot be read what was confirmed, what the kernel protects stays so, and is no other", async () => {
  const { protection, files, log, clock, answer, kernel } = startOnHungDisk([web, mail]);
  answer();
  unlinkSync(files.guarded);
  mkdirSync(files.guarded);
  await configure(protection);
  const problem = `cannot read ${files.guarded}: Is a directory: what the kernel protects stays protected`;
  await configure(protection);
  expect([kernel(), protection.problems]).toEqual([[ssh, web, mail], [problem]]);
  expect(log.texts.filter((text) => text.startsWith("cannot read"))).toEqual([problem]);
  expect(existsSync(files.boot)).toBe(false);
  await expect(protection.keep([mail])).rejects.toMatchObject({ code: "SYSTEM", message: problem });
  rmdirSync(files.guarded);
  writeFileSync(files.guarded, "tcp/80\n");
  clock.advance(1000);
  await protection.refreshDoors();
  expect([kernel(), protection.problems]).toEqual([[ssh, web], []]);
  clock.advance(300_000);
  expect(protection.problems).toEqual([]);
});

/** A daemon whose firewall does not start at first. */
function startWithoutFirewall() {
  const folder = temporaryFolder();
  const files = stateFiles(folder, join(folder, "knockd.conf"));
  let failure: Error | undefined = new KnockError("FIREWALL", "cannot start nft");
  const started: MemoryBackend[] = [];
  const memory = memoryStarter((one) => started.push(one));
  let attempts = 0;
  const starter: Starter = {
    ...memory,
    start: async (...parts) => {
      attempts++;
      if (failure !== undefined) throw failure;
      return memory.start(...parts);
    },
  };
  const [clock, log, table] = [new ManualClock(), new MemoryLog(), "sesame"];
  const starters = { nftables: starter, ipset: starter };
  let losses = 0;
  const onLoss = () => losses++;
  const firewalls = new Firewalls({ starters, table, clock, log, onLoss });
  const parts = {
    files,
    disk: systemDisk,
    table,
    firewalls,
    clock,
    log,
    kernelDoors: undefined,
    deviceOf: (name: string) => ({ name, master: undefined }),
  };
  const protection = new Protection(parts);
  onTestFinished(() => protection.close());
  /** Moves time on, and waits for what falls due. */
  const advance = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await protection.refreshDoors();
  };
  return {
    protection,
    firewalls,
    files,
    log,
    advance,
    fail: (error: Error | undefined) => (failure = error),
    attempts: () => attempts,
    losses: () => losses,
    kernel: () => started.at(-1)?.listProtected(),
    backend: () => started.at(-1),
  };
}

const shut = "native doors stay closed: cannot start nft";

test("without native doors, changes of the doors are no work for the disk and the kernel", async () => {
  const folder = temporaryFolder();
  const files = stateFiles(folder, join(folder, "knockd.conf"));
  const read: string[] = [];
  const disk = {
    ...systemDisk,
    readFile: (path: string) => {
      read.push(path);
      return systemDisk.readFile(path);
    },
  };
  const [clock, log, table] = [new ManualClock(), new MemoryLog(), "sesame"];
  const deviceOf = (name: string) => ({ name, master: undefined });
  const { config } = parseConfig("[x]\nSequence = 7000\nTCPFlags = syn\nCommand = true\n");
  if (config === undefined) throw new Error("no configuration");
  const kernelDoors = new DaemonKernelDoors(config.options, {
    ...{ doors: () => ({ all: [] }), onlyIpv4: false, deviceOf, clock, log },
    ...{ rehearsal: new Rehearsal(clock), wereTouched: () => false },
  });
  const starters = { nftables: memoryStarter(), ipset: memoryStarter() };
  const firewalls = new Firewalls({ starters, table, clock, log, onLoss: () => {} });
  const parts = { files, disk, table, firewalls, clock, log, kernelDoors, deviceOf };
  const protection = new Protection(parts);
  onTestFinished(() => protection.close());
  await protection.configure(config);
  expect(kernelDoors.areStale).toBe(true);
  read.length = 0;
  await protection.refreshDoors();
  expect(read).toEqual([]);
});

test("where only what was confirmed is unknown, no native doors are said to stay closed", async () => {
  const { protection, firewalls, files, log, fail, advance } = startWithoutFirewall();
  mkdirSync(files.guarded);
  await configure(protection, "");
  expect(protection.problems).toEqual([expect.stringMatching(/^cannot read .*: Is a directory/)]);
  expect(firewalls.problems).toEqual([]);
  expect(log.texts.filter((text) => text.startsWith("native doors"))).toEqual([]);
  fail(undefined);
  rmdirSync(files.guarded);
  await advance(300_000);
  expect([protection.problems, firewalls.problems]).toEqual([[], []]);
});

test.each([
  ["nftables", [ssh]],
  ["ipset", []],
])("%s that does not start is tried again until it works", async (kind, services) => {
  const { protection, firewalls, log, advance, fail, attempts, losses, kernel } =
    startWithoutFirewall();
  await configure(protection, `[options]\nFirewall = ${kind}\n${nativeDoor}`);
  await advance(1000);
  await advance(1999);
  expect(attempts()).toBe(2);
  expect(firewalls.problems).toEqual([{ code: "firewall", message: shut }]);
  expect(await firewalls.open(byKernel(), 1000)).toEqual({ kind: "not-started", reason: shut });
  fail(undefined);
  await advance(1);
  expect([attempts(), kernel(), losses()]).toEqual([3, services, 1]);
  expect(firewalls.problems).toEqual([]);
  await advance(300_000);
  expect(attempts()).toBe(3);
  const texts = log.texts.filter((text) => text.startsWith("native doors"));
  expect(texts).toEqual([shut, "native doors work again"]);
});

test("the advice of a failure is in the log line and in the status", async () => {
  const { protection, firewalls, log, fail } = startWithoutFirewall();
  const hints = ["run it as root, or with CAP_NET_ADMIN"];
  fail(new KnockError("FIREWALL", "cannot start nft", { hints }));
  await configure(protection);
  expect(firewalls.problems).toEqual([{ code: "firewall", message: shut, hints }]);
  expect(log.texts).toEqual([`${shut}; ${hints[0]}`]);
});

test("a firewall that the configuration no longer needs is not tried again", async () => {
  const { protection, firewalls, log, advance, attempts } = startWithoutFirewall();
  await configure(protection);
  await configure(protection, "[command]\nSequence = 7000\nCommand = /bin/true\n");
  await advance(300_000);
  expect([attempts(), firewalls.problems, log.texts]).toEqual([1, [], [shut]]);
});

test("a firewall that is closed is not tried again", async () => {
  const { protection, advance, attempts } = startWithoutFirewall();
  await configure(protection);
  protection.close();
  await advance(300_000);
  expect(attempts()).toBe(1);
});

test("rules that a reload could not load are tried again", async () => {
  const { protection, firewalls, log, advance, fail, kernel, backend } = startWithoutFirewall();
  fail(undefined);
  await configure(protection);
  backend()?.refuse(new KnockError("FIREWALL", "cannot start nft"));
  await configure(
    protection,
    `${nativeDoor}${nativeDoor.replace("ssh", "web").replace("22", "80")}`,
  );
  expect(kernel()).toEqual([ssh]);
  await advance(1000);
  backend()?.refuse(undefined);
  await advance(2000);
  expect([kernel(), firewalls.problems]).toEqual([[ssh, web], []]);
  const texts = log.texts.filter((text) => text.startsWith("native doors"));
  expect(texts).toEqual([shut, "native doors work again"]);
});

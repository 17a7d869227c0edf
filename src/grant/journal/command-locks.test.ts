import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemDisk } from "../../system/disk.ts";
import { CommandLocks } from "./command-locks.ts";

let folder: string;
let locks: CommandLocks;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-locks-"));
  locks = new CommandLocks(join(folder, "start-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** A command that has inherited this descriptor; it ends when it is killed. */
function command(fd: number): ChildProcess {
  const child = spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "ignore", fd] });
  children.push(child);
  return child;
}

test("a lock is held by a command that was given it, until the command ends", async () => {
  const hold = await locks.take(1);
  if (hold === undefined) throw new Error("no lock");
  const child = command(hold.fd);
  hold.release();
  expect(await locks.isHeld(1)).toBe(true);
  // A daemon that starts later sees the same.
  expect(await new CommandLocks(join(folder, "start-")).isHeld(1)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await locks.isHeld(1)).toBe(false);
});

test("asking does not take a lock away from anybody", async () => {
  const hold = await locks.take(1);
  if (hold === undefined) throw new Error("no lock");
  expect([await locks.isHeld(1), await locks.isHeld(1)]).toEqual([true, true]);
  hold.release();
  expect([await locks.isHeld(1), await locks.isHeld(1), await locks.isHeld(2)]).toEqual([
    false,
    false,
    false,
  ]);
});

test("a file is its owner's alone, and goes with the lease", async () => {
  (await locks.take(7))?.release();
  expect(statSync(join(folder, "start-7")).mode & 0o777).toBe(0o600);
  locks.forget(7);
  await locks.idle();
  expect(readdirSync(folder)).toEqual([]);
  locks.forget(7);
});

test("a lease does not meet the lock of an earlier one of its number", async () => {
  const earlier = await locks.take(1);
  if (earlier === undefined) throw new Error("no lock");
  command(earlier.fd);
  earlier.release();
  (await locks.take(1))?.release();
  expect(await locks.isHeld(1)).toBe(false);
});

test("the files of leases that are gone are cleared away, whoever still holds them", async () => {
  for (const id of [1, 2]) (await locks.take(id))?.release();
  const gone = await locks.take(3);
  if (gone === undefined) throw new Error("no lock");
  command(gone.fd);
  gone.release();
  (await new CommandLocks(join(folder, "other-start-")).take(4))?.release();
  locks.forgetAllBut(new Set([2]));
  await locks.idle();
  expect(readdirSync(folder).sort()).toEqual(["other-start-4", "start-2"]);
});

test("where there is no place for files there are no locks, and nothing breaks", async () => {
  const none = new CommandLocks(join(folder, "none", "start-"));
  expect(await none.take(1)).toBeUndefined();
  expect(await none.isHeld(1)).toBe(false);
  none.forget(1);
  none.forgetAllBut(new Set());
  await none.idle();
  expect(existsSync(join(folder, "none"))).toBe(false);
});

test("a disk that hangs gives no lock for 2 s, nor right afterwards, and a late one is closed", async () => {
  let answer = () => {};
  const opened: number[] = [];
  const disk = {
    ...systemDisk,
    open: async (...args: Parameters<typeof systemDisk.open>) => {
      if (opened.length === 0) await new Promise<void>((resolve) => (answer = resolve));
      opened.push(await systemDisk.open(...args));
      return opened.at(-1) ?? -1;
    },
  };
  const slow = new CommandLocks(join(folder, "start-"), disk);
  expect(await slow.take(1)).toBeUndefined();
  const start = performance.now();
  expect([await slow.take(2), await slow.isHeld(1)]).toEqual([undefined, true]);
  expect(performance.now() - start).toBeLessThan(1000);
  answer();
  await slow.idle();
  expect(opened).toHaveLength(1);
  expect(await slow.isHeld(1)).toBe(false);
  expect(await slow.take(2)).toBeDefined();
});

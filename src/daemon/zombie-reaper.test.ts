import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../test/support/control-server.ts";
import { systemClock } from "../base/clock.ts";
import { spawnProgram } from "../ffi/spawn.ts";
import { ZombieReaper } from "./zombie-reaper.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const prctl: (option: number, value: number) => number = koffi
  .load("libc.so.6")
  .func("int prctl(int, unsigned long)");

/** The states of the children of this process, by their names. */
function children(): string[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ");
  return pids.filter(Boolean).map((pid) => {
    const [, name, state] = /\((.*)\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return `${name} ${state}`;
  });
}

let reaper: ZombieReaper;
beforeEach(() => {
  // As process 1 does, this one takes over what its children leave behind.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  reaper = new ZombieReaper(systemClock);
});
afterEach(() => {
  reaper.close();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
});

test("what children leave behind is reaped, and the ends of the children themselves are told", async () => {
  const gate = join(temporaryFolder(), "gate");
  spawnSync("mkfifo", [gate]);
  const job = { args: ["-c", `read -r _ <'${gate}' & exit 3`], env: [], hold: undefined };
  const ends = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const spawned = await spawnProgram({ file: "/bin/sh", ...job });
      return (await spawned.ended).status;
    }),
  );
  expect(ends).toEqual(Array(5).fill(3));
  await expect.poll(children).toContain("sh S");
  const opened = openSync(gate, "r+");
  onTestFinished(() => closeSync(opened));
  writeSync(opened, "go\n".repeat(ends.length));
  await expect.poll(children).toContain("sh Z");
  // Meanwhile children of all kinds end.
  const codes: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    const [code] = await once(spawn("/bin/sh", ["-c", `exit ${i}`]), "exit");
    const own = await spawnProgram({
      file: "/bin/sh",
      args: ["-c", `exit ${i}`],
      env: [],
      hold: undefined,
    });
    codes.push([code, (await own.ended).status, spawnSync("sh", ["-c", `exit ${i}`]).status]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(codes).toEqual(codes.map((_, i) => [i, i, i]));
  await expect.poll(children).not.toContain("sh Z");
});

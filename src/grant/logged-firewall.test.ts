import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { commandsOnly } from "../../test/support/commands-only.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { makeUser } from "../../test/support/users.ts";
import { systemClock } from "../base/clock.ts";
import { CommandFirewall } from "../firewall/commands/command.ts";
import { CommandLocks } from "./journal/command-locks.ts";
import { LoggedFirewall } from "./logged-firewall.ts";

test("a command whose user has to be looked up gets the lock that tells that it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-logged-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const me = makeUser("me", process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  const firewall = commandsOnly(new CommandFirewall(() => sleep(10, me)));
  const logged = new LoggedFirewall({ firewall, log: new MemoryLog(), clock: systemClock });
  const locks = new CommandLocks(join(folder, "start-"));
  const gate = join(folder, "gate");
  spawnSync("mkfifo", [gate]);
  const access = byCommands({}, { start: `(read -r _ <'${gate}') & true`, user: "me" });
  expect(await logged.open(access, 0, await locks.take(1))).toBe(true);
  expect(await locks.isHeld(1)).toBe(true);
  writeFileSync(gate, "go\n");
  await expect.poll(() => locks.isHeld(1)).toBe(false);
});

test("failed openings are limited in the log, failed commands are not", async () => {
  const log = new MemoryLog();
  const firewall = { open: vi.fn(), close: vi.fn() };
  const failed = { kind: "failed", status: 1 } as const;
  firewall.open.mockResolvedValue(failed);
  const logged = new LoggedFirewall({ firewall, log, clock: systemClock });
  await logged.open(byKernel(), 1000);
  logged.log("info", "extended", byKernel(), "open already, stays open longer");
  await logged.open(byCommands({}), 0);
  const limits = log.entries.map(({ event, limited }) => [event, limited]);
  expect(limits).toEqual([
    ["open-failed", true],
    ["extended", undefined],
    ["command", undefined],
    ["command-exit", undefined],
  ]);
});

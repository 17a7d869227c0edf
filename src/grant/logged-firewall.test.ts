import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { byCommands } from "../../test/support/accesses.ts";
import { MemoryLog } from "../../test/support/memory-log.ts";
import { CommandFirewall } from "../firewall/commands/command.ts";
import { CommandLocks } from "./journal/command-locks.ts";
import { LoggedFirewall } from "./logged-firewall.ts";

test("a command whose user has to be looked up gets the lock that tells that it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-operator-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const me = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const firewall = new CommandFirewall(() => sleep(10, me));
  const operator = new LoggedFirewall({ firewall, log: new MemoryLog() });
  const locks = new CommandLocks(join(folder, "start-"));
  const gate = join(folder, "gate");
  spawnSync("mkfifo", [gate]);
  const access = byCommands({}, { start: `(read -r _ <'${gate}') & true`, user: "me" });
  expect(await operator.start(access, 0, locks.take(1))).toBe(true);
  expect(locks.isHeld(1)).toBe(true);
  writeFileSync(gate, "go\n");
  await expect.poll(() => locks.isHeld(1)).toBe(false);
});

import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { FileReplacer } from "../../system/file-replacer.ts";
import { BootRules } from "./boot-rules.ts";

const [ssh, web] = [22, 443].map((port) => ({ protocol: "tcp", port }) as const);

function start() {
  const folder = mkdtempSync(join(tmpdir(), "sesame-boot-rules-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [boot, bootDoors] = [join(folder, "a.nft"), join(folder, "a.doors")];
  let crashes: string | undefined;
  let sequence = "7000";
  const disk: Disk = {
    ...systemDisk,
    rename: async (from, to) => {
      if (crashes !== undefined && to.endsWith(crashes)) throw new Error("crash");
      await systemDisk.rename(from, to);
    },
  };
  const rules = new BootRules(
    { boot, bootDoors },
    {
      table: "sesame",
      replacer: new FileReplacer(disk),
      kernelDoors: {
        bootRuleset: () => {
          const text = `doors at ${sequence}\n`;
          return { text, rules: 1, doors: [], behind: { chains: new Map(), groups: [] } };
        },
      },
      log: new MemoryLog(),
    },
  );
  return {
    rules,
    boot,
    bootDoors,
    crashAt: (name: string) => {
      crashes = name;
    },
    change: (to: string) => {
      sequence = to;
    },
  };
}

test("doors name the protection to which they belong", async () => {
  const { rules, boot, bootDoors } = start();
  await rules.replace(ssh ? [ssh] : []);
  const digest = createHash("sha256").update(readFileSync(boot)).digest("hex");
  expect(readFileSync(bootDoors, "utf8")).toBe(`# goes with ${digest}\ndoors at 7000\n`);
  await rules.replace([]);
  expect([boot, bootDoors].map(existsSync)).toEqual([false, false]);
});

test.each([".nft", ".doors"])("a crash before %s is written leaves no old doors", async (name) => {
  const { rules, bootDoors, crashAt, change } = start();
  await rules.replace(ssh ? [ssh] : []);
  crashAt(name);
  change("9000");
  await rules.replace(web ? [web] : []);
  expect(rules.problem).toContain("crash");
  expect(existsSync(bootDoors)).toBe(false);
});

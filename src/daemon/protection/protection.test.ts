import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import type { MemoryBackend } from "../../../test/support/memory-backend.ts";
import { memoryStarter } from "../../../test/support/memory-backend.ts";
import { MemoryLog } from "../../../test/support/memory-log.ts";
import type { Service } from "../../base/service.ts";
import { parseConfig } from "../../config/parse.ts";
import { systemDisk } from "../../system/disk.ts";
import { stateFiles } from "../../system/state-files.ts";
import { Firewalls } from "../firewalls.ts";
import { Protection } from "./protection.ts";

const ssh: Service = { protocol: "tcp", port: 22 };
const web: Service = { protocol: "tcp", port: 80 };
const mail: Service = { protocol: "tcp", port: 25 };

function configure(protection: Protection): Promise<void> {
  const { config } = parseConfig(
    "[ssh]\nSequence = 7000\nTCPFlags = syn\nOpen = tcp/22\nOpen_For = 10m\nProtect = yes\n",
  );
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
  const parts = { files, disk, table, firewalls, clock, log, kernelDoors: undefined };
  const protection = new Protection(parts);
  onTestFinished(() => protection.close());
  return { protection, files, log, answer, kernel: () => started.at(-1)?.listProtected() };
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
  await expect(protection.unprotect()).rejects.toThrow("nothing is protected any more, but ");
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

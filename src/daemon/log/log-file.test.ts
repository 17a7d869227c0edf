import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KnockError } from "../../base/errors.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { LogFile } from "./log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-log-"));
  path = join(folder, "k.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = () => readFileSync(path, "utf8");

const options = { onFailure: () => {} };

test("lines are written in their order as soon as the event loop has time", async () => {
  const file = new LogFile(path, options);
  file.write("one");
  file.write("zwei ä");
  await expect.poll(content).toBe("one\nzwei ä\n");
  file.write("three");
  await expect.poll(content).toBe("one\nzwei ä\nthree\n");
  await file.close();
});

test("closing writes what waits; later lines and a second close do nothing", async () => {
  const file = new LogFile(path, options);
  file.write("last words");
  await file.close();
  expect(content()).toBe("last words\n");
  file.write("too late");
  await file.close();
  expect(content()).toBe("last words\n");
});

test("a file that is there is appended to, and strangers cannot read a new one", async () => {
  for (const line of ["one", "two"]) {
    const file = new LogFile(path, options);
    file.write(line);
    await file.close();
  }
  expect(content()).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o007).toBe(0);
});

test("a file that was renamed meanwhile is still the one written to", async () => {
  const file = new LogFile(path, options);
  file.write("first");
  await expect.poll(content).toBe("first\n");
  renameSync(path, `${path}.1`);
  file.write("line");
  await file.close();
  expect(readFileSync(`${path}.1`, "utf8")).toBe("first\nline\n");
});

test("while the disk hangs, lines wait in bounded memory; those beyond are counted", async () => {
  let answer = () => {};
  const hung = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let writes = 0;
  const disk: Disk = {
    ...systemDisk,
    async write(...args) {
      writes++;
      await hung;
      await systemDisk.write(...args);
    },
  };
  const file = new LogFile(path, { ...options, disk });
  file.write("first");
  await expect.poll(() => writes).toBe(1);
  const long = "x".repeat(1000);
  for (let i = 0; i < 2000; i++) file.write(long);
  answer();
  await expect.poll(() => content().split("\n").length).toBeGreaterThan(1000);
  file.write("after");
  await file.close();
  const lines = content().split("\n");
  expect(lines.length).toBeLessThan(1100);
  const dropped = 2000 - lines.filter((line) => line === long).length;
  expect(lines).toContain(`(${dropped} lines were lost here)`);
  expect([lines[0], lines.at(-2)]).toEqual(["first", "after"]);
});

test("a full disk loses lines and nothing else", async () => {
  const file = new LogFile("/dev/full", options);
  file.write("line");
  await file.close();
});

test.each([
  ["a folder that is not there", () => join(folder, "none", "k.log"), "No such file or directory"],
  ["a folder", () => folder, "Is a directory"],
])("%s cannot be opened, which is said in knockd's words", async (_, where, seen) => {
  const errors: KnockError[] = [];
  await new LogFile(where(), { onFailure: (error) => errors.push(error) }).close();
  const message = `cannot open logfile: ${seen} (${where()})`;
  expect(errors).toEqual([expect.objectContaining({ code: "SYSTEM", message })]);
});

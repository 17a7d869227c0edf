import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { exclusively } from "./exclusive.ts";

test("tasks for one file run one after the other, also after one that fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-exclusive-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "users");
  const order: string[] = [];
  const run = (name: string) =>
    exclusively(file, async () => {
      order.push(`begin ${name}`);
      await sleep(20);
      order.push(`end ${name}`);
      if (name === "first") throw new Error("no");
    });
  const results = await Promise.allSettled([run("first"), run("second")]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(order).toEqual(["begin first", "end first", "begin second", "end second"]);
});

test("tasks for several files wait for those of each, and one folder by two names is locked once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sesame-exclusive-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["a", "b"]) mkdirSync(join(folder, name));
  symlinkSync(join(folder, "a"), join(folder, "link"));
  const order: string[] = [];
  const run = (name: string, ...files: string[]) =>
    exclusively(
      files.map((file) => join(folder, file)),
      async () => {
        order.push(`begin ${name}`);
        await sleep(20);
        order.push(`end ${name}`);
      },
    );
  await Promise.all([run("both", "b/x", "a/x", "link/y"), run("one", "b/z"), run("other", "a/z")]);
  // While it runs nothing else begins or ends.
  const at = order.indexOf("begin both");
  expect([at >= 0, order[at + 1], order.length]).toEqual([true, "end both", 6]);
});

test("a folder that is not there is an error", async () => {
  await expect(exclusively("/nowhere/users", async () => {})).rejects.toThrow(
    "cannot lock /nowhere: No such file or directory",
  );
});

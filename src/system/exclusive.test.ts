import { mkdtempSync, rmSync } from "node:fs";
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

test("a folder that is not there is an error", async () => {
  await expect(exclusively("/nowhere/users", async () => {})).rejects.toThrow(
    "cannot lock /nowhere: No such file or directory",
  );
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PidFile } from "./pid-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-pid-"));
  path = join(folder, "k.pid");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("it holds this process's number and a line end as long as it is there", () => {
  const file = new PidFile(path);
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  file.remove();
  expect(existsSync(path)).toBe(false);
});

test("one that a crash left behind is taken over", () => {
  writeFileSync(path, "4294967295\nrubbish\n");
  const file = new PidFile(path);
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  file.remove();
});

test("one that another holds is left as it is", () => {
  const file = new PidFile(path);
  expect(() => new PidFile(path)).toThrow(
    expect.objectContaining({
      code: "SYSTEM",
      message: `could not create pid file ${path}: another daemon holds it`,
    }),
  );
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  file.remove();
  new PidFile(path).remove();
});

test("one that somebody removed meanwhile is no trouble", () => {
  const file = new PidFile(path);
  rmSync(path);
  expect(() => file.remove()).not.toThrow();
});

test("a folder that is not there is said in knockd's words", () => {
  const where = join(folder, "none", "k.pid");
  expect(() => new PidFile(where)).toThrow(
    `could not create pid file ${where}: No such file or directory`,
  );
});

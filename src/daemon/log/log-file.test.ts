import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-log-"));
  path = join(folder, "k.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = () => readFileSync(path, "utf8");

test("lines are written in their order as soon as the event loop has time", async () => {
  const file = new LogFile(path);
  file.write("one");
  file.write("zwei ä");
  expect(content()).toBe("");
  await setImmediate();
  expect(content()).toBe("one\nzwei ä\n");
  file.write("three");
  await setImmediate();
  expect(content()).toBe("one\nzwei ä\nthree\n");
  file.close();
});

test("closing writes what waits; later lines and a second close do nothing", () => {
  const file = new LogFile(path);
  file.write("last words");
  file.close();
  expect(content()).toBe("last words\n");
  file.write("too late");
  file.close();
  expect(content()).toBe("last words\n");
});

test("a file that is there is appended to, and strangers cannot read a new one", () => {
  for (const line of ["one", "two"]) {
    const file = new LogFile(path);
    file.write(line);
    file.close();
  }
  expect(content()).toBe("one\ntwo\n");
  expect(statSync(path).mode & 0o007).toBe(0);
});

test("a file that was renamed meanwhile is still the one written to", () => {
  const file = new LogFile(path);
  renameSync(path, `${path}.1`);
  file.write("line");
  file.close();
  expect(readFileSync(`${path}.1`, "utf8")).toBe("line\n");
});

test("more lines at once than memory is set aside for are dropped, not the later ones", () => {
  const file = new LogFile(path);
  const long = "x".repeat(1000);
  for (let i = 0; i < 2000; i++) file.write(long);
  file.flush();
  file.write("after");
  file.close();
  const lines = content().split("\n");
  expect(lines.length).toBeGreaterThan(1000);
  expect(lines.length).toBeLessThan(1100);
  expect(lines.at(-2)).toBe("after");
});

test("a full disk loses lines and nothing else", () => {
  const file = new LogFile("/dev/full");
  file.write("line");
  expect(() => file.close()).not.toThrow();
});

test.each([
  ["a folder that is not there", () => join(folder, "none", "k.log"), "No such file or directory"],
  ["a folder", () => folder, "Is a directory"],
])("%s cannot be opened, which is said in knockd's words", (_, where, seen) => {
  const message = `cannot open logfile: ${seen} (${where()})`;
  expect(() => new LogFile(where())).toThrow(expect.objectContaining({ code: "SYSTEM", message }));
});

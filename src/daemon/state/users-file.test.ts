import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readUsersFile } from "./users-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-users-"));
  path = join(folder, "users");
  writeFileSync(path, "secret", { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = async (owner?: number) => Buffer.from(await readUsersFile(path, owner)).toString();

test("a file that its owner alone can read is read", async () => {
  expect(await text()).toBe("secret");
  chmodSync(path, 0o400);
  expect(await text()).toBe("secret");
});

test.each([0o640, 0o604, 0o620, 0o602, 0o601])("the mode %o is refused", async (mode) => {
  chmodSync(path, mode);
  await expect(text()).rejects.toThrow(`users file ${path}: other users can read it: chmod 600`);
});

test("a file that is not there, a link, a folder and a pipe are refused", async () => {
  rmSync(path);
  await expect(text()).rejects.toThrow(/no such file/i);
  symlinkSync("/etc/passwd", path);
  await expect(text()).rejects.toThrow("is a symbolic link");
  rmSync(path);
  mkdirSync(path);
  await expect(text()).rejects.toThrow("not a regular file");
  rmSync(path, { recursive: true });
  spawnSync("mkfifo", ["-m", "600", path]);
  await expect(text()).rejects.toThrow("not a regular file");
});

test("a file in a folder that others can write is refused", async () => {
  chmodSync(folder, 0o777);
  await expect(text()).rejects.toThrow(`other users can change the directory ${folder}`);
});

test.skipIf(process.getuid?.() !== 0)(
  "a file of another user is refused, but for the owner",
  async () => {
    chownSync(path, 12345, 0);
    await expect(text()).rejects.toThrow("belongs to another user");
    expect(await text(12345)).toBe("secret");
  },
);

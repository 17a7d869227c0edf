import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemDisk } from "./disk.ts";
import { FileReplacer } from "./file-replacer.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-disk-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file is written, replaced with its mode, and removed", async () => {
  const files = new FileReplacer();
  await files.replace(path, undefined);
  await files.replace(path, "one");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o640);
  await files.replace(path, "two");
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["two", 0o640]);
  const { ino } = statSync(path);
  await files.replace(path, "two");
  expect(statSync(path).ino).toBe(ino);
  await files.replace(path, undefined);
  expect(readdirSync(folder)).toEqual([]);
});

test("a file of the same owner is replaced where chown(2) is forbidden", async () => {
  const chown = async () => {
    throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
  };
  const files = new FileReplacer({ ...systemDisk, chown });
  await files.replace(path, "one");
  await files.replace(path, "two");
  expect(readFileSync(path, "utf8")).toBe("two");
});

test.skipIf(process.getuid?.() !== 0)("a file keeps its owner", async () => {
  await new FileReplacer().replace(path, "one");
  chownSync(path, 65_534, 65_533);
  await new FileReplacer().replace(path, "two");
  expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_533 });
});

test("what cannot be written is thrown as SYSTEM with its name", async () => {
  const below = join(path, "below");
  await new FileReplacer().replace(path, "a file");
  const error = { code: "SYSTEM", message: expect.stringContaining(`cannot write ${below}: `) };
  await expect(new FileReplacer().replace(below, "x")).rejects.toMatchObject(error);
});

test("a disk that hangs fails after 2 s, and leaves the file as it was when it answers", async () => {
  await new FileReplacer().replace(path, "before");
  let answer = () => {};
  const files = new FileReplacer({
    ...systemDisk,
    sync: () => new Promise((resolve) => (answer = resolve)),
  });
  const late = "the disk has not answered for 2 s";
  // The second one waits for the first.
  const results = await Promise.allSettled(["one", "two"].map((text) => files.replace(path, text)));
  expect(results).toMatchObject(
    [1, 2].map(() => ({ reason: { code: "SYSTEM", message: expect.stringContaining(late) } })),
  );
  answer();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const last = files.replace(path, "three");
  await expect.poll(() => readFileSync(`${path}.new`, "utf8")).toBe("three");
  expect(readFileSync(path, "utf8")).toBe("before");
  answer();
  await expect.poll(() => readFileSync(path, "utf8")).toBe("three");
  answer();
  await last;
});

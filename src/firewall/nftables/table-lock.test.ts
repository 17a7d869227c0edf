import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeTableLock } from "./table-lock.ts";

let base: string;
let directory: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "sesame-table-lock-"));
  directory = join(base, "run");
});
afterEach(() => rmSync(base, { recursive: true }));

test("one daemon at a time has a table", () => {
  const first = takeTableLock(directory, "sesame");
  expect(statSync(directory).mode & 0o777).toBe(0o750);
  expect(() => takeTableLock(directory, "sesame")).toThrow(
    expect.objectContaining({
      code: "FIREWALL",
      message: "another daemon uses table inet sesame",
      hints: ["Table = another_name"],
    }),
  );
  takeTableLock(directory, "other").release();
  first.release();
  takeTableLock(directory, "sesame").release();
});

test("where no file can be made, it goes without a lock", () => {
  writeFileSync(directory, "a file, not a directory");
  takeTableLock(directory, "sesame").release();
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { replaceFile } from "./files.ts";
import { stateFiles } from "./state-files.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sesame-files-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("two configurations of one name have files of their own", () => {
  const [one, other] = ["/etc/knockd.conf", "/srv/knockd.conf"].map((file) =>
    stateFiles("/s", file),
  );
  expect(one?.boot).toMatch(/^\/s\/knockd\.conf-[0-9a-f]{12}\.nft$/);
  expect(one?.boot).not.toBe(other?.boot);
  expect(new Set(Object.values(one ?? {})).size).toBe(6);
});

test("a file is replaced as a whole, for its owner only, and leaves nothing behind", () => {
  const path = join(folder(), "state", "rules.nft");
  replaceFile(path, "one");
  replaceFile(path, "two");
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(path, ".."))).toEqual(["rules.nft"]);
  replaceFile(path, undefined);
  replaceFile(path, undefined);
  expect(readdirSync(join(path, ".."))).toEqual([]);
});

test("what is in the way of it is said", () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  expect(() => replaceFile(join(file, "x.nft"), "x")).toThrow(/^cannot write .*x\.nft: Not a dir/);
});

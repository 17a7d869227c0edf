import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { backUpFile, readIfThere, replaceFile } from "./files.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sesame-files-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test("a file is replaced as a whole, for its owner only, and leaves nothing behind", () => {
  const path = join(folder(), "rules.nft");
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

test("a file keeps its mode, and no draft of a crash gets in the way", () => {
  const path = join(folder(), "knockd.conf");
  writeFileSync(path, "one");
  chmodSync(path, 0o640);
  writeFileSync(`${path}.new`, "cut sh", { mode: 0o666 });
  replaceFile(path, Buffer.from("two"));
  expect(readIfThere(path)?.toString()).toBe("two");
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readIfThere(`${path}.new`)).toBeUndefined();
});

test("a backup never replaces a file", () => {
  const path = join(folder(), "knockd.conf");
  writeFileSync(path, "one");
  backUpFile(path, `${path}.old`);
  expect(() => backUpFile(path, `${path}.old`)).toThrow(
    expect.objectContaining({ code: "SYSTEM", hints: [`${path}.old must not be there yet`] }),
  );
});

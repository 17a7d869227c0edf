import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRelease, removeFalseNotices } from "../../packaging/release.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-release-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `the content of ${name}`);
  }
}

const files = () => readdirSync(folder).sort();

describe("a release in which files are made again", () => {
  const current = ["sesame-knock_0.2.0_amd64.deb", "sesame-knock-0.2.0.spdx.json"];

  test("keeps what is of the same version", async () => {
    write(...current, "knock.mjs", "SHA256SUMS");
    await openRelease(current, folder);
    expect(files()).toEqual([...current, "knock.mjs", "SHA256SUMS"].sort());
  });

  test.each(["sesame-knock_0.1.0_amd64.deb", "sesame-knock-0.2.0-rc.1.spdx.json"])(
    "is emptied if it has %s of another version",
    async (other) => {
      write(...current, other, "knock.mjs", "apt/pool/some.deb");
      await openRelease(current, folder);
      expect(files()).toEqual([]);
    },
  );

  test("is made where there is none", async () => {
    const missing = join(folder, "release");
    await openRelease(current, missing);
    expect(existsSync(missing)).toBe(true);
  });
});

describe("the sums, the bill of materials and the licences of a release", () => {
  const notices = ["LICENCES-linux.txt", "SHA256SUMS", "sesame-knock-0.2.0.spdx.json"];
  const contents = ["apt/pool/some.deb", "knock.mjs"];
  beforeEach(() => {
    write(...contents, ...notices);
    const sums = contents.map((name) => {
      const digest = createHash("sha256").update(`the content of ${name}`).digest("hex");
      return `${digest}  ${name}\n`;
    });
    writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
  });

  test("stay while all files are those that they are of", async () => {
    write("knock.exe");
    await removeFalseNotices(folder);
    expect(files()).toEqual([...notices, "apt", "knock.exe", "knock.mjs"].sort());
  });

  test.each<[string, () => void]>([
    ["a file has changed", () => writeFileSync(join(folder, "knock.mjs"), "another")],
    ["a file is missing", () => rmSync(join(folder, "apt/pool/some.deb"))],
    ["there are no sums", () => rmSync(join(folder, "SHA256SUMS"))],
  ])("are removed if %s", async (_, change) => {
    change();
    await removeFalseNotices(folder);
    expect(files().filter((name) => notices.includes(name))).toEqual([]);
    expect(files()).toContain("apt");
  });

  test("are removed from no other folder than one that exists", async () => {
    const missing = join(folder, "release");
    await removeFalseNotices(missing);
    expect(existsSync(missing)).toBe(false);
  });
});

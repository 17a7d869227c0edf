import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPackage, releaseSizes } from "../../bench/installations.ts";
import { formatArchive } from "../../packaging/ar.ts";
import { ownArchitecture } from "../../packaging/architecture.ts";

const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
);
const processor = ownArchitecture?.debian;
const ours = `sesame-knock_${version}_${processor}.deb`;
const others = [`sesame-knock_0.0.1_${processor}.deb`, `sesame-knock-client_${version}_all.deb`];

let release: string;
beforeEach(() => {
  release = mkdtempSync(join(tmpdir(), "sesame-release-"));
});
afterEach(() => rmSync(release, { recursive: true }));

const write = (name: string, content: Uint8Array) => writeFileSync(join(release, name), content);

/** A Debian package with a member of this name. */
function deb(data: string): Buffer {
  const names = ["debian-binary", "control.tar.xz", data];
  return formatArchive(
    names.map((name) => ({ name, content: Buffer.from(name) })),
    1,
  );
}

/** An rpm of a signature with one entry, whose end is aligned, of a header with two, and of a payload. */
function rpm(payload: string): Buffer {
  const header = (entries: number, length: number) => {
    const bytes = Buffer.alloc(16 + 16 * entries + length);
    bytes.writeUInt32BE(entries, 8);
    bytes.writeUInt32BE(length, 12);
    return bytes;
  };
  const signature = Buffer.concat([header(1, 5), Buffer.alloc(3)]);
  return Buffer.concat([Buffer.alloc(96), signature, header(2, 7), Buffer.from(payload, "latin1")]);
}

test.skipIf(processor === undefined)("the bench takes the package of this version", () => {
  for (const name of others) write(name, deb("data.tar.xz"));
  expect(findPackage(release)).toEqual({ problem: `release/ has no ${ours}` });
  write(ours, deb("data.tar.xz"));
  expect(findPackage(release)).toEqual({ file: join(release, ours) });
});

test.skipIf(processor === undefined)("the bench takes no package of --plain", () => {
  write(ours, deb("data.tar"));
  expect(findPackage(release)).toEqual({ problem: `release/${ours} is not compressed` });
});

test("the bench tells the sizes of packages that are compressed", () => {
  write("a.deb", deb("data.tar.xz"));
  write("b.deb", deb("data.tar"));
  write("a.rpm", rpm("\xfd7zXZ\0…"));
  write("b.rpm", rpm("070701"));
  write("knock.mjs", Buffer.from("12345"));
  write("SHA256SUMS", Buffer.from("1"));
  expect(releaseSizes(release).map(({ name }) => name)).toEqual(["a.deb", "a.rpm", "knock.mjs"]);
  expect(releaseSizes(release)).toContainEqual({ name: "knock.mjs", bytes: 5 });
});

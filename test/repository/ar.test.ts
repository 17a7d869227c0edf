import { expect, test } from "vitest";
import { formatArchive, readArchive } from "../../packaging/ar.ts";

const members = [
  { name: "debian-binary", content: Buffer.from("2.0\n") },
  { name: "odd", content: Buffer.from("abc") },
  { name: "data.tar.xz", content: Buffer.from([0, 255, 96, 10]) },
];

test("what is written is read again", () => {
  const bytes = formatArchive(members, 1_790_000_000);
  expect(bytes.toString("latin1", 0, 68)).toBe(
    "!<arch>\ndebian-binary   1790000000  0     0     100644  4         `\n",
  );
  expect(readArchive(bytes)).toEqual(members);
});

test.each([
  ["another file", Buffer.from("PK\x03\x04")],
  ["an archive that is cut off", formatArchive(members, 1).subarray(0, -1)],
  ["an archive that is cut off in a header", formatArchive(members, 1).subarray(0, 90)],
])("%s is refused", (_, bytes) => {
  expect(() => readArchive(bytes)).toThrow("archive");
});

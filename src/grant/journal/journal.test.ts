import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { Journal } from "./journal.ts";
import { formatLine, readJournal } from "./journal-format.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
  path = join(directory, "state", "journal");
});

afterEach(() => rmSync(directory, { recursive: true }));

async function open<Value>(): Promise<{ journal: Journal<Value>; values: readonly unknown[] }> {
  const contents = await Journal.read(path);
  return { journal: await Journal.open(path, contents), values: contents.values };
}

async function reopen(): Promise<{ values: readonly unknown[]; damage: readonly string[] }> {
  const { values, damage } = await Journal.read(path);
  const { journal } = await open();
  await journal.close();
  return { values, damage };
}

test("what was appended is there when the journal is opened again", async () => {
  const { journal, values } = await open<unknown>();
  expect(values).toEqual([]);
  await journal.append([{ op: "open", door: "문" }]);
  await journal.append([{ op: "close" }]);
  await journal.close();
  expect(await reopen()).toEqual({
    values: [{ op: "open", door: "문" }, { op: "close" }],
    damage: [],
  });
});

test("appending goes on where the last daemon stopped", async () => {
  for (const value of [1, 2, 3]) {
    const { journal } = await open<number>();
    await journal.append([value]);
    await journal.close();
  }
  expect((await reopen()).values).toEqual([1, 2, 3]);
});

test("only the owner can read it", async () => {
  await (await open()).journal.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
});

test("compacting leaves the given values, in a file with room reserved", async () => {
  const { journal } = await open<number>();
  for (let value = 0; value < 100; value++) await journal.append([value]);
  await journal.rewrite([7, 8]);
  await journal.append([9]);
  await journal.close();
  expect(statSync(path).size).toBe(1 << 20);
  expect((await reopen()).values).toEqual([7, 8, 9]);
});

test("no commit succeeds before a rename is durable", async () => {
  let isBroken = false;
  const synced: string[] = [];
  const names = new Map<number, string>();
  const disk: Disk = {
    ...systemDisk,
    open: async (...words) => {
      const fd = await systemDisk.open(...words);
      names.set(fd, words[0]);
      return fd;
    },
    sync: async (fd) => {
      const name = names.get(fd) ?? "";
      if (isBroken && name === dirname(path)) throw new Error("EIO: i/o error");
      synced.push(name);
      await systemDisk.sync(fd);
    },
  };
  const journal = await Journal.open<number>(path, await Journal.read(path, disk), disk);
  await journal.append([1]);
  await journal.commit();
  expect(synced).toEqual([dirname(path)]);
  isBroken = true;
  await expect(journal.rewrite([2])).rejects.toThrow("cannot rewrite the journal");
  await journal.append([3]);
  await expect(journal.commit()).rejects.toThrow("cannot commit the journal");
  isBroken = false;
  await journal.commit();
  await journal.commit();
  expect(synced).toEqual([dirname(path), `${path}.new`, dirname(path)]);
  await journal.close();
  expect((await reopen()).values).toEqual([2, 3]);
});

test("it is long after some thousand lines, and no longer after compacting", async () => {
  const { journal } = await open<string>();
  const line = "x".repeat(200);
  while (!journal.isLong) await journal.append([line]);
  await journal.rewrite([]);
  expect(journal.isLong).toBe(false);
  await journal.close();
});

test("what is worth keeping takes twice its room, and as much again can be added before it is long", async () => {
  const { journal } = await open<string>();
  const line = "x".repeat(991);
  const lines = 4000;
  await journal.rewrite(Array<string>(lines).fill(line));
  expect(statSync(path).size).toBeLessThan(2.2 * lines * 1000);
  let added = 0;
  for (; !journal.isLong; added++) await journal.append([line]);
  expect(added).toBeGreaterThan(0.95 * lines);
  // Where it cannot be written anew there is room still.
  expect(statSync(path).size - 1000 * (lines + added)).toBeGreaterThan(500_000);
  await journal.close();
});

test("truncated at any byte it loads, with every line that is whole", async () => {
  const { journal } = await open<unknown>();
  const values = [{ door: "ssh" }, "two", { source: "2001:db8::1" }];
  for (const value of values) await journal.append([value]);
  await journal.close();
  const lines = values.map((value) => formatLine(value));
  const whole = lines.join("").length;
  for (let length = whole; length >= 0; length--) {
    truncateSync(path, length);
    const left = lines.findLastIndex((_, i) => lines.slice(0, i + 1).join("").length <= length) + 1;
    const { values: read, damage } = await reopen();
    expect(read).toEqual(values.slice(0, left));
    expect(damage).toHaveLength(lines.slice(0, left).join("").length === length ? 0 : 1);
  }
});

test("a damaged line is reported, and the others are used", async () => {
  const { journal } = await open<number>();
  for (const value of [1, 2, 3]) await journal.append([value]);
  await journal.close();
  const text = readFileSync(path, "latin1");
  writeFileSync(path, text.replace(/ 2\n/, " 4\n"), "latin1");
  expect(await reopen()).toEqual({ values: [1, 3], damage: ["line 2 is damaged"] });
});

test("what stands behind the end is not hidden by a gap", () => {
  const text = Buffer.concat([
    Buffer.from(formatLine(1)),
    Buffer.alloc(8),
    Buffer.from(formatLine(2)),
  ]);
  const damage = ["something is behind its end"];
  expect(readJournal(text)).toMatchObject({ values: [1, 2], damage, lost: 1, end: text.length });
});

test("one wrong bit anywhere is corrected, and told", () => {
  const values = [{ op: "open", start: "iptables -A *J 4 문" }, { op: "opened", id: 1 }, 3];
  const text = Buffer.from(values.map(formatLine).join(""));
  for (let bit = 0; bit < 8 * text.length; bit++) {
    const bytes = Buffer.concat([text, Buffer.alloc(64)]);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const read = readJournal(bytes);
    expect([bit, read]).toEqual([
      bit,
      {
        values,
        end: text.length,
        damage: [expect.stringMatching(/^line [123] had a wrong bit, which is corrected$/)],
        lost: 0,
      },
    ]);
  }
});

test("a line is not joined to one whose end had a wrong bit", async () => {
  const text = Buffer.from(formatLine(1));
  text.writeUInt8(text.readUInt8(text.length - 1) ^ 2, text.length - 1);
  mkdirSync(dirname(path));
  writeFileSync(path, Buffer.concat([text, Buffer.alloc(64)]));
  const { journal } = await open<number>();
  await journal.append([2]);
  await journal.close();
  expect(await reopen()).toEqual({ values: [1, 2], damage: [] });
});

test("two wrong bits in a line lose it alone, also where one makes a zero", () => {
  const lines = [1, "a b", 3].map(formatLine);
  const text = lines.join("").replace("a b", "\0a\0b");
  expect(readJournal(Buffer.from(text))).toMatchObject({ values: [1, 3], lost: 1 });
});

test("no bytes make it throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readJournal(bytes)));
});

test.each(["서버", "Straße", String.fromCharCode(...Array.from({ length: 0x180 }, (_, i) => i))])(
  "a door named %j comes back",
  (door) => {
    expect(readJournal(Buffer.from(formatLine({ door })))).toMatchObject({
      values: [{ door }],
      damage: [],
    });
  },
);

test("whatever JSON can hold comes back", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const text = values.map(formatLine).join("");
      const read = readJournal(Buffer.from(text));
      expect(read.values).toEqual(values.map((value) => JSON.parse(JSON.stringify(value))));
      expect(read.damage).toEqual([]);
    }),
  );
});

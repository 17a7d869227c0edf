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
import { Journal } from "./journal.ts";
import { formatLine, readJournal } from "./journal-format.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
  path = join(directory, "state", "journal");
});

afterEach(() => rmSync(directory, { recursive: true }));

function reopen(): { values: readonly unknown[]; damage: readonly string[] } {
  const { journal, values, damage } = Journal.open(path);
  journal.close();
  return { values, damage };
}

test("what was appended is there when the journal is opened again", () => {
  const { journal, values } = Journal.open<unknown>(path);
  expect(values).toEqual([]);
  journal.append({ op: "open", door: "문" });
  journal.append({ op: "close" });
  journal.close();
  expect(reopen()).toEqual({ values: [{ op: "open", door: "문" }, { op: "close" }], damage: [] });
});

test("appending goes on where the last daemon stopped", () => {
  for (const value of [1, 2, 3]) {
    const { journal } = Journal.open<number>(path);
    journal.append(value);
    journal.close();
  }
  expect(reopen().values).toEqual([1, 2, 3]);
});

test("only the owner can read it", () => {
  Journal.open(path).journal.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
});

test("compacting leaves the given values, in a file with room reserved", () => {
  const { journal } = Journal.open<number>(path);
  for (let value = 0; value < 100; value++) journal.append(value);
  journal.compact([7, 8]);
  journal.append(9);
  journal.close();
  expect(statSync(path).size).toBe(1 << 20);
  expect(reopen().values).toEqual([7, 8, 9]);
});

test("it is long after some thousand lines, and no longer after compacting", () => {
  const { journal } = Journal.open<string>(path);
  const line = "x".repeat(200);
  while (!journal.isLong) journal.append(line);
  journal.compact([]);
  expect(journal.isLong).toBe(false);
  journal.close();
});

test("what is worth keeping takes twice its room, and as much again can be added before it is long", () => {
  const { journal } = Journal.open<string>(path);
  const line = "x".repeat(991);
  const lines = 4000;
  journal.compact(Array<string>(lines).fill(line));
  expect(statSync(path).size).toBeLessThan(2.2 * lines * 1000);
  let added = 0;
  for (; !journal.isLong; added++) journal.append(line);
  expect(added).toBeGreaterThan(0.95 * lines);
  // Where it cannot be written anew there is room still.
  expect(statSync(path).size - 1000 * (lines + added)).toBeGreaterThan(500_000);
  journal.close();
});

test("commits that are asked for together are all fulfilled", async () => {
  const { journal } = Journal.open<number>(path);
  journal.append(1);
  const first = journal.commit();
  journal.append(2);
  await Promise.all([first, journal.commit(), journal.commit()]);
  journal.close();
  expect(reopen().values).toEqual([1, 2]);
});

test("truncated at any byte it loads, with every line that is whole", () => {
  const { journal } = Journal.open<unknown>(path);
  const values = [{ door: "ssh" }, "two", { source: "2001:db8::1" }];
  for (const value of values) journal.append(value);
  journal.close();
  const lines = values.map((value) => formatLine(value));
  const whole = lines.join("").length;
  for (let length = whole; length >= 0; length--) {
    truncateSync(path, length);
    const left = lines.findLastIndex((_, i) => lines.slice(0, i + 1).join("").length <= length) + 1;
    const { values: read, damage } = reopen();
    expect(read).toEqual(values.slice(0, left));
    expect(damage).toHaveLength(lines.slice(0, left).join("").length === length ? 0 : 1);
  }
});

test("a damaged line is reported, and the others are used", () => {
  const { journal } = Journal.open<number>(path);
  for (const value of [1, 2, 3]) journal.append(value);
  journal.close();
  const text = readFileSync(path, "latin1");
  writeFileSync(path, text.replace(/ 2\n/, " 4\n"), "latin1");
  expect(reopen()).toEqual({ values: [1, 3], damage: ["line 2 is damaged"] });
});

test("what stands behind the end is not hidden by a gap", () => {
  const text = Buffer.concat([
    Buffer.from(formatLine(1)),
    Buffer.alloc(8),
    Buffer.from(formatLine(2)),
  ]);
  const damage = ["something is behind its end"];
  expect(readJournal(text)).toMatchObject({ values: [1, 2], damage, lost: 0, end: text.length });
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

test("a line is not joined to one whose end had a wrong bit", () => {
  const text = Buffer.from(formatLine(1));
  text.writeUInt8(text.readUInt8(text.length - 1) ^ 2, text.length - 1);
  mkdirSync(dirname(path));
  writeFileSync(path, Buffer.concat([text, Buffer.alloc(64)]));
  const { journal } = Journal.open<number>(path);
  journal.append(2);
  journal.close();
  expect(reopen()).toEqual({ values: [1, 2], damage: [] });
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

import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { settled } from "../../../test/support/slow-firewall.ts";
import { parseSequence } from "../../base/sequence.ts";
import type { OneTimeList } from "../../match/one-time.ts";
import { markUsed, readList, readOneTimeFile } from "./one-time-file.ts";
import { markedFiles, untouchedFiles } from "./one-time-files.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-list-"));
  path = join(folder, "list");
});
afterEach(() => rmSync(folder, { recursive: true }));

function sequence(text: string) {
  const parsed = parseSequence(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}

const content = () => readFileSync(path, "latin1");

test("reading gives the unused lines in their order and the malformed ones by number", () => {
  writeFileSync(path, "# list\n\n 1,2\r\n#3,4\nbad\n5:udp # mine\n");
  const { unused, malformed } = readOneTimeFile(path);
  expect(unused.map((line) => line.sequence)).toEqual([sequence("1,2"), sequence("5:udp")]);
  expect(malformed.map(({ line }) => line)).toEqual([5]);
});

describe("marking a sequence overwrites the first byte of its line, and nothing else", () => {
  test.each([
    ["with a blank before it", " 1,2\n 3,4\n", "1,2", "#1,2\n 3,4\n"],
    ["without one", "7003,2\n 3,4\n", "7003,2", "#003,2\n 3,4\n"],
    ["after a malformed line", "bad\n 1,2\n", "1,2", "bad\n#1,2\n"],
    ["written otherwise", " 1 : TCP , 2\n", "1,2", "#1 : TCP , 2\n"],
    [
      "after letters of more than one byte",
      "# \xC3\xA4\xE2\x82\xAC\n 1,2\n",
      "1,2",
      "# \xC3\xA4\xE2\x82\xAC\n#1,2\n",
    ],
    ["with CR LF", " 1,2\r\n 3,4\r\n", "1,2", "#1,2\r\n 3,4\r\n"],
    ["that comes twice: the first", " 1,2\n 1,2\n", "1,2", "#1,2\n 1,2\n"],
    ["at the end of a file without a line end", " 3,4\n 1,2", "1,2", " 3,4\n#1,2"],
    ["that was moved meanwhile", "# new\n 3,4\n 1,2\n", "1,2", "# new\n 3,4\n#1,2\n"],
    ["that was removed meanwhile", " 3,4\n", "1,2", " 3,4\n"],
    ["that is the start of another", " 1,2,3\n 1,2\n", "1,2", " 1,2,3\n#1,2\n"],
  ])("%s", async (_, before, used, after) => {
    writeFileSync(path, before, "latin1");
    const inode = statSync(path).ino;
    await markUsed(path, sequence(used));
    expect(content()).toBe(after);
    expect(statSync(path).ino).toBe(inode);
  });
});

/** The sequences of a list that are left. */
const sequences = (list?: OneTimeList) => list?.unused.map((line) => line.sequence);

test("marking returns what was left at once, and then what is left, also what was added", async () => {
  writeFileSync(path, " 1,2\n 3,4\n");
  const files = markedFiles();
  files.read(path);
  writeFileSync(path, " 9\n 1,2\n 3,4\n");
  const { left, mark } = files.markUsed(path, sequence("1,2"));
  expect(sequences(left)).toEqual([sequence("3,4")]);
  expect(sequences(await mark?.ended)).toEqual([sequence("9"), sequence("3,4")]);
  expect(content()).toBe(" 9\n#1,2\n 3,4\n");
  const next = files.markUsed(path, sequence("9"));
  expect(sequences(next.left)).toEqual([sequence("3,4")]);
  await next.mark?.ended;
});

test("marking the last line leaves none", async () => {
  writeFileSync(path, "1,2");
  const files = markedFiles();
  files.read(path);
  const { left, mark } = files.markUsed(path, sequence("1,2"));
  await mark?.inTime;
  expect(left.unused).toEqual([]);
});

test("a list that hangs delays no list of another directory, and its own marks end in their order", async () => {
  const other = join(folder, "other");
  mkdirSync(other);
  const [first, second, third] = [path, join(folder, "second"), join(other, "third")];
  for (const file of [first, second, third]) writeFileSync(file, " 1,2\n 3,4\n");
  let answer = () => {};
  const hung = new Promise<void>((resolve) => (answer = resolve));
  const clock = new ManualClock();
  const files = markedFiles(async (file, used) => {
    if (file === first) await hung;
    return markUsed(file, used);
  }, clock);
  const [one, two, three] = [first, second, third].map((file) => {
    files.read(file);
    return files.markUsed(file, sequence("1,2")).mark;
  });
  await three?.inTime;
  expect(readFileSync(third, "latin1")).toBe("#1,2\n 3,4\n");
  const late = [one, two].map((mark) =>
    expect(mark?.inTime).rejects.toThrow("not answered for 2 s"),
  );
  clock.advance(2000);
  await Promise.all(late);
  expect(files.behind()).toEqual([first, second]);
  let isIdle = false;
  const idle = files.idle().then(() => (isIdle = true));
  // Of no use twice, also while the mark is late.
  expect(sequences(files.read(first))).toEqual([sequence("3,4")]);
  expect(readFileSync(second, "latin1")).toBe(" 1,2\n 3,4\n");
  expect(isIdle).toBe(false);
  answer();
  expect(sequences(await one?.ended)).toEqual([sequence("3,4")]);
  await two?.ended;
  await idle;
  expect(files.behind()).toEqual([]);
  expect([first, second].map((file) => readFileSync(file, "latin1"))).toEqual([
    "#1,2\n 3,4\n",
    "#1,2\n 3,4\n",
  ]);
});

describe("a list whose disk hangs while it is read", () => {
  const hang = () => {
    const clock = new ManualClock();
    const answers: (() => void)[] = [];
    const state = { hangs: true };
    const files = markedFiles(markUsed, clock, async (file) => {
      if (state.hangs) await new Promise<void>((resolve) => answers.push(resolve));
      return readList(file);
    });
    const answered: string[] = [];
    const load = async () => {
      const loaded = files.load([path, path], (file) => answered.push(file));
      await settled();
      clock.advance(2000);
      return loaded;
    };
    return { files, state, load, answered, answer: () => answers.shift()?.() };
  };

  test("is not known until the disk answers, and each further attempt fails at once", async () => {
    writeFileSync(path, " 1,2\n");
    const { files, load, answered, answer } = hang();
    for (let times = 0; times < 2; times++) {
      expect(await load()).toEqual([]);
      expect(() => files.read(path)).toThrow(`cannot read ${path}: the disk has not answered`);
    }
    answer();
    await expect.poll(() => answered).toEqual([path]);
    expect(sequences(files.read(path))).toEqual([sequence("1,2")]);
  });

  test("counts as it was read before, without what was used since", async () => {
    writeFileSync(path, " 1,2\n 3,4\n");
    const { files, state, load, answered, answer } = hang();
    state.hangs = false;
    expect(await files.load([path], () => {})).toEqual([]);
    state.hangs = true;
    expect(await load()).toEqual([`cannot read ${path}: the disk has not answered for 2 s`]);
    const { left, mark } = files.markUsed(path, sequence("1,2"));
    expect([left, files.read(path)].map(sequences)).toEqual([[sequence("3,4")], [sequence("3,4")]]);
    writeFileSync(path, " 1,2\n 5,6\n");
    answer();
    expect(sequences(await mark?.ended)).toEqual([sequence("5,6")]);
    expect([answered, content()]).toEqual([[], "#1,2\n 5,6\n"]);
  });

  test("says so, if it cannot be read when the disk answers", async () => {
    const { files, load, answered, answer } = hang();
    await load();
    answer();
    await expect.poll(() => answered).toEqual([path]);
    expect(() => files.read(path)).toThrow("No such file or directory");
  });
});

test("other names of the file see the mark", async () => {
  writeFileSync(path, " 1,2\n");
  linkSync(path, `${path}2`);
  await markUsed(path, sequence("1,2"));
  expect(readFileSync(`${path}2`, "utf8")).toBe("#1,2\n");
});

test("a file that cannot be read is thrown as SYSTEM with its name", async () => {
  const error = expect.objectContaining({
    code: "SYSTEM",
    message: expect.stringContaining(`cannot read ${path}: `),
  });
  expect(() => readOneTimeFile(path)).toThrow(error);
  await expect(markUsed(path, sequence("1"))).rejects.toThrow(error);
});

test("what could not be marked is used up all the same, and is marked when that is possible", async () => {
  writeFileSync(path, " 1,2\n 3,4\n");
  const files = markedFiles();
  const left = async () => {
    await files.load([path], () => {});
    return sequences(files.read(path));
  };
  await left();
  renameSync(path, `${path}.away`);
  const { mark } = files.markUsed(path, sequence("1,2"));
  await expect(mark?.inTime).rejects.toThrow("cannot read");
  await expect(mark?.ended).rejects.toThrow("cannot read");
  await expect(left()).rejects.toThrow("cannot read");
  renameSync(`${path}.away`, path);
  expect(await left()).toEqual([sequence("3,4")]);
  await expect.poll(content).toBe("#1,2\n 3,4\n");
  expect(await left()).toEqual([sequence("3,4")]);
});

test("what cannot be marked is used up for as long as this is remembered", async () => {
  // A line that root, too, can read and not write: the number of the interface lo, which is 1.
  const readOnly = "/sys/class/net/lo/ifindex";
  const files = markedFiles();
  expect(files.read(readOnly).unused.map((line) => line.sequence)).toEqual([sequence("1")]);
  const { mark } = files.markUsed(readOnly, sequence("1"));
  await expect(mark?.ended).rejects.toThrow("cannot mark");
  await expect(mark?.inTime).rejects.toThrow("cannot mark");
  await files.load([readOnly], () => {});
  expect(files.read(readOnly).unused).toEqual([]);
  expect(markedFiles().read(readOnly).unused).toHaveLength(1);
});

test("in a dry run a sequence is used up once, and the file stays as it is", () => {
  const text = "1,2\n3,4\n1,2\nbad\n";
  writeFileSync(path, text);
  const files = untouchedFiles();
  const left = () => files.read(path).unused.map((line) => line.sequence);
  expect(files.markUsed(path, sequence("1,2")).left.unused).toHaveLength(2);
  expect(left()).toEqual([sequence("3,4"), sequence("1,2")]);
  files.markUsed(path, sequence("1,2"));
  files.markUsed(path, sequence("5,6"));
  expect(left()).toEqual([sequence("3,4")]);
  expect(files.read(path).malformed).toHaveLength(1);
  expect(untouchedFiles().read(path).unused).toHaveLength(3);
  expect(content()).toBe(text);
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { longestSequence } from "../base/sequence.ts";
import { findUnused, readOneTimeList } from "./one-time.ts";

const list = ` 1000,2000:udp
#3000,4000

\t# a comment
 5000   # the second
bad,line
 7000,8000,99999
6000`;

describe("a list of one-time sequences", () => {
  const { unused, malformed } = readOneTimeList(list);

  test("gives those that are unused, in their order, with the byte that marks each as used", () => {
    const read = unused.map(({ sequence, offset }) => [
      sequence.map(({ number }) => number),
      list.slice(offset).split("\n")[0],
    ]);
    expect(read).toEqual([
      [[1000, 2000], " 1000,2000:udp"],
      [[5000], " 5000   # the second"],
      [[6000], "6000"],
    ]);
  });

  test("tells the lines that are none, counted from 1", () => {
    expect(malformed).toEqual([
      { line: 6, problem: "port is invalid: expected 1 to 65535" },
      { line: 7, problem: "port is invalid: expected 1 to 65535" },
    ]);
  });

  test("finds the line of a sequence that was used", () => {
    const used = unused[1]?.sequence ?? [];
    expect(findUnused(readOneTimeList(list), used)?.offset).toBe(list.indexOf(" 5000"));
    expect(findUnused(readOneTimeList(list.replace(" 5000", "#5000")), used)).toBeUndefined();
  });
});

test.each(["", "\n", "#1000\n#2000\n", "  \n\t\n"])("%j has no sequence left", (text) => {
  expect(readOneTimeList(text)).toMatchObject({ unused: [], malformed: [] });
});

test("lines may end as in DOS", () => {
  const text = "1000\r\n2000,3000\r\n";
  const { unused, malformed } = readOneTimeList(text);
  expect(malformed).toEqual([]);
  expect(unused.map(({ offset }) => offset)).toEqual([0, 6]);
});

test("overwriting the first byte of each in turn uses up the list from its start to its end", () => {
  const sequence = fc.array(fc.integer({ min: 1, max: 65535 }), {
    minLength: 1,
    maxLength: longestSequence,
  });
  const line = fc.oneof(
    sequence.map((ports) => ` ${ports.join(",")}`),
    sequence.map((ports) => ports.join(", ")),
    fc.constantFrom("", "#", "# 1,2,3", "nonsense", "0"),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      let text = lines.join("\n");
      const expected = readOneTimeList(text).unused.map((item) => item.offset);
      const used: number[] = [];
      for (;;) {
        const [next] = readOneTimeList(text).unused;
        if (next === undefined) break;
        used.push(next.offset);
        text = `${text.slice(0, next.offset)}#${text.slice(next.offset + 1)}`;
      }
      expect(used).toEqual(expected);
      expect(text.length).toBe(lines.join("\n").length);
    }),
  );
});

test("a comment goes to the end of its line, whatever is in it", () => {
  expect(readOneTimeList("7000 # as in\rMac OS\n8000").malformed).toEqual([]);
});

test("the digest of the lines is the same whether they are used or not", () => {
  const { lines } = readOneTimeList("1000,2000\n3000\n");
  expect(readOneTimeList("#000,2000\n3000\n").lines).toBe(lines);
  expect(readOneTimeList("1000,2001\n3000\n").lines).not.toBe(lines);
});

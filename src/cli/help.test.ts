import { expect, test } from "vitest";
import { tooWide } from "../../test/support/wide.ts";
import { formatParagraphs, formatTerms, wrap } from "./help.ts";
import { textWidth } from "./text-width.ts";

test.each([
  ["abc", 3],
  ["한국어", 6],
  ["\u1112\u1161\u11ab", 2],
  ["e\u0301", 1],
  ["日本 go", 7],
  ["🚪", 2],
  ["\u{20000}", 2],
  ["→ …", 3],
])("%j takes %i columns", (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test("a paragraph is broken at blanks, and a long word stays whole", () => {
  const long = "x".repeat(90);
  expect(wrap(`one  two\n three ${long} four`)).toBe(`one two three\n${long}\nfour\n`);
  expect(tooWide(wrap("word ".repeat(100)))).toEqual([]);
  expect(tooWide(wrap("단어 ".repeat(100)))).toEqual([]);
});

test("an empty line stands between paragraphs", () => {
  expect(formatParagraphs("\n  one\n  two\n\n  three")).toBe("one two\n\nthree\n");
});

test("explanations stand in a column of their own, below a term that is too long", () => {
  const terms = [
    ["-a", "one"],
    ["--a-very-long-option NAME", "two"],
    ["-b", "word ".repeat(20).trim()],
  ] as const;
  expect(formatTerms(terms)).toMatchInlineSnapshot(`
    "  -a  one
      --a-very-long-option NAME
          two
      -b  word word word word word word word word word word word word word word word
          word word word word word
    "
  `);
});

import { describe, expect, test } from "vitest";
import { readSections } from "./lines.ts";
import type { Problem } from "./problem.ts";

function read(text: string) {
  const problems: Problem[] = [];
  const sections = readSections(text, problems).map(({ name, line, directives }) => ({
    name,
    line,
    directives: directives.map(({ key, value }) => [key, value]),
  }));
  return { sections, problems: problems.map((p) => `${p.line}:${p.column}: ${p.message}`) };
}

describe("a line is read as", () => {
  test.each([
    ["key = value", ["key", "value"]],
    ["\t key=value \t", ["key", "value"]],
    ["key = value\r", ["key", "value"]],
    ["KEY =", ["KEY", ""]],
    ["key", ["key", undefined]],
    ["key = a = b", ["key", "a = b"]],
    ["key # not a = value", ["key", undefined]],
    ["key# = value", ["key#", "value"]],
    ["key = [x]", ["key", "[x]"]],
    ["key = a # b ; c", ["key", "a # b ; c"]],
    ["= value", ["", "value"]],
  ])("%j", (line, directive) => {
    expect(read(`[x]\n${line}`).sections).toEqual([
      { name: "x", line: 1, directives: [directive] },
    ]);
  });

  test("nothing, if it is empty, blank or begins with #", () => {
    expect(read("\n \t\r\n# a\n\t#b = c\n#[d]")).toEqual({ sections: [], problems: [] });
  });
});

describe("a section's name is read as", () => {
  test.each([
    ["[x]", "x"],
    ["  [x]\r", "x"],
    ["[ x ]", " x "],
    ["[x] # the door", "x"],
    ["[x] # a\u2028b", "x"],
    ["[a]b]", "a]b"],
    [`[${"n".repeat(200)}]`, "n".repeat(200)],
  ])("%j", (line, name) => {
    expect(read(line)).toEqual({ sections: [{ name, line: 1, directives: [] }], problems: [] });
  });
});

describe("a line that cannot be read is told with its place", () => {
  test.each([
    ["[]", "1:1: bad section name: it is empty"],
    ["\n  [x", "2:3: syntax error: expected [NAME], and nothing after it"],
    ["[x] y", "1:1: syntax error: expected [NAME], and nothing after it"],
    ["\tkey = value", "1:2: all directives must belong to a section"],
    ["; comment", "1:1: syntax error"],
  ])("%j", (text, problem) => {
    expect(read(text).problems).toEqual([problem]);
  });
});

test("sections of one name stay apart, and what follows a bad section line is still read", () => {
  expect(read("[x]\na = 1\n[x]\n[]\nb = 2").sections).toEqual([
    { name: "x", line: 1, directives: [["a", "1"]] },
    { name: "x", line: 3, directives: [] },
    { name: "", line: 4, directives: [["b", "2"]] },
  ]);
});

test("a line may be of any length", () => {
  const value = "x".repeat(100_000);
  expect(read(`[x]\ncommand = ${value}\n[y]`).sections).toEqual([
    { name: "x", line: 1, directives: [["command", value]] },
    { name: "y", line: 3, directives: [] },
  ]);
});

test("columns count characters, from 1", () => {
  const [section] = readSections("  [x]\n\tkey =  value", []);
  expect(section).toMatchObject({ line: 1, column: 3 });
  expect(section?.directives).toMatchObject([{ line: 2, column: 2, valueColumn: 9 }]);
});

import { describe, expect, test } from "vitest";
import { printable } from "../base/text.ts";
import { formatList, formatTable } from "./table.ts";

test("columns stand under each other, and no line ends in blanks", () => {
  const columns = [{ title: "DOOR" }, { title: "LEFT", align: "right" }, { title: "" }] as const;
  const rows = [
    ["ssh", "9m 58s", "open"],
    ["a-long-one", "3s", ""],
    ["扉", "1s", "x"],
    ["e\u0301", "1s", "x"],
  ];
  expect(formatTable(columns, rows)).toBe(`\
DOOR          LEFT
ssh         9m 58s  open
a-long-one      3s
扉              1s  x
e\u0301               1s  x
`);
});

test("a table without rows is its titles", () => {
  expect(formatTable([{ title: "A" }, { title: "B" }], [])).toBe("A  B\n");
});

test("facts stand under each other", () => {
  const facts = [
    ["doors", "3"],
    ["listening on", "eth0"],
  ] as const;
  expect(formatList(facts)).toBe("doors         3\nlistening on  eth0\n");
  expect(formatList([])).toBe("");
});

describe("a terminal shows as they are", () => {
  test.each([
    ["ssh", "ssh"],
    ["für 扉 🚪", "für 扉 🚪"],
    ["a\nb\tc", "a?b?c"],
    ["\u001b[31mred", "?[31mred"],
    ["\u009b31m", "?31m"],
    ["gpj\u202etxt", "gpj?txt"],
    ["zero\u200bwidth", "zero?width"],
    ["\ud800", "?"],
  ])("%j", (text, shown) => expect(printable(text)).toBe(shown));
});

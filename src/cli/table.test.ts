import { describe, expect, test } from "vitest";
import { tooWide } from "../../test/support/wide.ts";
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

describe("on a narrow terminal", () => {
  const columns = [
    { title: "DOOR" },
    { title: "SINCE", yields: 2 },
    { title: "KIND", yields: 1 },
    { title: "STATE" },
  ] as const;
  const rows = [["ssh", { text: "2026-11-22 13:26:05", short: "5m ago" }, "native", "open"]];
  const at = (width: number) => formatTable(columns, rows, { columns: width, hasColors: false });

  test("texts become short, columns are left out, and at last the widest are cut", () => {
    expect([40, 39, 26, 18, 10].map((width) => at(width).split("\n").slice(0, 2))).toEqual([
      ["DOOR  SINCE                KIND    STATE", "ssh   2026-11-22 13:26:05  native  open"],
      ["DOOR  SINCE   KIND    STATE", "ssh   5m ago  native  open"],
      ["DOOR  SINCE   STATE", "ssh   5m ago  open"],
      ["DOOR  STATE", "ssh   open"],
      ["DOOR  STATE", "ssh   open"],
    ]);
  });

  test.each([20, 30, 40, 80, 120])("no line is wider than %i columns", (width) => {
    const wide = [
      ["門".repeat(60), { text: "x".repeat(70), color: "red" as const }, "한글", "open"],
    ];
    const text = formatTable(columns, wide, { columns: width, hasColors: false });
    expect(tooWide(text, width)).toEqual([]);
    expect(text).toContain("open");
  });

  test("a value goes on below", () => {
    const facts = [["listening on", "eth0, eth1, eth2, eth3"]] as const;
    expect(formatList(facts, { columns: 26, hasColors: false })).toBe(
      "listening on  eth0, eth1,\n              eth2, eth3\n",
    );
  });
});

test("colours take no columns, and none are after the end of a text", () => {
  const columns = [{ title: "A" }, { title: "B", align: "right" }] as const;
  const rows = [
    [
      { text: "x", color: "green" },
      { text: "1", color: "red" },
    ],
    ["long", "22"],
  ] as const;
  const colored = formatTable(columns, rows, { columns: 80, hasColors: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal gets
  expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(formatTable(columns, rows));
  expect(colored).toContain("\u001b[32mx\u001b[0m");
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

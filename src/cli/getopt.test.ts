import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Flag } from "./getopt.ts";
import { findOperand, getopt } from "./getopt.ts";

const options = [
  { short: "d", long: "daemon" },
  { short: "v", long: "verbose" },
  { short: "V", long: "version" },
  { short: "i", long: "interface", argument: "NAME" },
  { short: "l", long: "lookup" },
  { long: "look", argument: "WHERE" },
] as const;

describe("getopt reads", () => {
  test.each<[string[], Flag[], string[], number?]>([
    [[], [], []],
    [["-dv"], [{ name: "daemon" }, { name: "verbose" }], []],
    [["-ieth0"], [{ name: "interface", value: "eth0" }], []],
    [["-i", "eth0"], [{ name: "interface", value: "eth0" }], []],
    [["-dieth0"], [{ name: "daemon" }, { name: "interface", value: "eth0" }], []],
    [["-i", "-d"], [{ name: "interface", value: "-d" }], []],
    [["--interface", "--"], [{ name: "interface", value: "--" }], []],
    [["--interface=a=b"], [{ name: "interface", value: "a=b" }], []],
    [["--interface="], [{ name: "interface", value: "" }], []],
    [["--int", "eth0"], [{ name: "interface", value: "eth0" }], []],
    [["--look=x", "--looku"], [{ name: "look", value: "x" }, { name: "lookup" }], []],
    [
      ["host", "-v", "1", "-d"],
      [{ name: "verbose" }, { name: "daemon" }],
      ["host", "1"],
    ],
    [["-v", "--", "-d", "--"], [{ name: "verbose" }], ["-d", "--"], 0],
    [["a", "b", "--", "c"], [], ["a", "b", "c"], 2],
    [["a", "--"], [], ["a"], 1],
    [["-", ""], [], ["-", ""]],
  ])("%j", (args, flags, operands, dashes) => {
    expect(getopt(args, options)).toEqual({ flags, operands, dashes });
  });
});

describe("getopt refuses", () => {
  test.each([
    [["--bogus"], "unrecognized option '--bogus'"],
    [["--bogus=1"], "unrecognized option '--bogus'"],
    [["-x"], "unrecognized option '-x'"],
    [["-dxv"], "unrecognized option '-x'"],
    [["--ver"], "option '--ver' is ambiguous: it could be '--verbose', '--version'"],
    [["-i"], "option '-i' needs an argument: NAME"],
    [["-di"], "option '-i' needs an argument: NAME"],
    [["--int"], "option '--interface' needs an argument: NAME"],
    [["--verbose=1"], "option '--verbose' takes no argument"],
  ])("%j", (args, message) => {
    expect(() => getopt(args, options)).toThrow(
      expect.objectContaining({ code: "USAGE", message, hints: ["--help lists the options"] }),
    );
  });
});

test("every spelling of the same flags and operands reads the same", () => {
  const bare = fc.constantFrom("daemon", "verbose", "lookup").chain((name) =>
    fc.record({
      flag: fc.constant<Flag>({ name }),
      words: fc.constantFrom([`-${name[0]}`], [`--${name}`]),
    }),
  );
  const valued = fc.string({ minLength: 1 }).chain((value) =>
    fc.record({
      flag: fc.constant<Flag>({ name: "interface", value }),
      words: fc.constantFrom(
        [`-i${value}`],
        ["-i", value],
        [`--interface=${value}`],
        ["--interface", value],
        ["--inter", value],
      ),
    }),
  );
  const operand = fc
    .string()
    .filter((word) => !word.startsWith("-"))
    .map((word) => ({ operand: word, words: [word] }));
  fc.assert(
    fc.property(fc.array(fc.oneof(bare, valued, operand)), fc.array(fc.string()), (items, tail) => {
      expect(getopt([...items.flatMap((item) => item.words), "--", ...tail], options)).toEqual({
        flags: items.flatMap((item) => ("flag" in item ? [item.flag] : [])),
        operands: [...items.flatMap((item) => ("operand" in item ? [item.operand] : [])), ...tail],
        dashes: items.filter((item) => "operand" in item).length,
      });
    }),
  );
});

test.each<[string[], number]>([
  [[], -1],
  [["-d", "--verbose"], -1],
  [["a"], 0],
  [["-d", "a"], 1],
  [["-i", "a", "b"], 2],
  [["-di", "a", "b"], 2],
  [["-ia", "b"], 1],
  [["--interface", "a", "b"], 2],
  [["--int", "a", "b"], 2],
  [["--interface=a", "b"], 1],
  [["--unknown", "a"], 1],
  [["-x", "a"], 1],
  [["-", "a"], 0],
  [["--", "-a"], 1],
  [["-d", "--"], -1],
])("the first operand of %j is at %i", (args, at) => {
  expect(findOperand(args, options)).toBe(at);
});

test("a long option that is near is named", () => {
  expect(() => getopt(["--intreface"], options)).toThrow(
    expect.objectContaining({ hints: ["did you mean '--interface'?"] }),
  );
});

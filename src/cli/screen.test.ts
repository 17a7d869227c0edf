import { describe, expect, test } from "vitest";
import { fitLines } from "./program.ts";
import { paint, plainScreen, screenOf } from "./screen.ts";

const terminal = { columns: 80 };

describe("colours", () => {
  test.each([
    ["auto", terminal, {}, true],
    ["auto", undefined, {}, false],
    ["auto", terminal, { NO_COLOR: "1" }, false],
    ["auto", terminal, { NO_COLOR: "" }, true],
    ["auto", terminal, { TERM: "dumb" }, false],
    ["always", undefined, { NO_COLOR: "1" }, true],
    ["never", terminal, {}, false],
  ] as const)("%s, %j, %j: %s", (choice, shown, environment, hasColors) => {
    expect(screenOf({ terminal: shown }, choice, environment).hasColors).toBe(hasColors);
  });

  test("end where the text ends", () => {
    expect(paint({ ...plainScreen, hasColors: true }, "red", "x")).toBe("\u001b[31mx\u001b[0m");
    expect(paint(plainScreen, "red", "x")).toBe("x");
  });
});

test("lines that are too long for a terminal go on in the next line, others stay", () => {
  const text = "knock: hint: one two three\nfour\n";
  expect(fitLines(text, { columns: 20 })).toBe("knock: hint: one\n  two three\nfour\n");
  expect(fitLines("    one two three\n", { columns: 14 })).toBe("    one two\n      three\n");
  expect(fitLines(text, undefined)).toBe(text);
  expect(fitLines(`\r${text}`, { columns: 20 })).toBe(`\r${text}`);
});

test("the lines of a diff stay as they are, and what stands around them does not", () => {
  const diff =
    "--- /etc/a\n+++ /etc/a\n@@ -1,2 +1,2 @@\n one   two  three\n-\ta   long  line\n+\tb\n";
  const text = `one two three\n\n${diff}\none two three\n`;
  const broken = "one two\n  three\n";
  expect(fitLines(text, { columns: 10 })).toBe(`${broken}\n${diff}\n${broken}`);
});

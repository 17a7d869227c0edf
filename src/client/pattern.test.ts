import { expect, test } from "vitest";
import { matches } from "./pattern.ts";

test.each([
  [["home"], "home", true],
  [["home"], "HOME", true],
  [["home"], "home2", false],
  [["home", "work"], "work", true],
  [["*"], "", true],
  [["work-*"], "work-7", true],
  [["work-*"], "work", false],
  [["w?rk"], "work", true],
  [["w?rk"], "wrk", false],
  [["*", "!work"], "work", false],
  [["*", "!work"], "home", true],
  [["!work"], "home", false],
  [["a.b"], "axb", false],
  [["a+(b)"], "a+(b)", true],
])("%j fits %s: %s", (patterns, name, expected) => {
  expect(matches(patterns, name)).toBe(expected);
});

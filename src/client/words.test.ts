import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteWord, splitWords } from "./words.ts";

test.each([
  ["", []],
  ["  a \t b  ", ["a", "b"]],
  [`"a b" 'c "d"' e"f g"h`, ["a b", 'c "d"', "ef gh"]],
  [`C:\\keys\\home "" x`, ["C:\\keys\\home", "", "x"]],
  ["a # b", ["a"]],
  ["# it's a comment", []],
  ["a#b '#' c", ["a#b", "#", "c"]],
])("%j has the words %j", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([`"a`, `a 'b`, `a"b`])("%j is no line", (line) => {
  expect(() => splitWords(line)).toThrow("a quote is not closed");
});

test("any words without line ends can be written and read back", () => {
  const word = fc.string({ unit: "binary" }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(word, fc.string({ unit: fc.constantFrom(..."a '\"#\\") }))),
      (words) => {
        expect(splitWords(words.map(quoteWord).join(" "))).toEqual(words);
      },
    ),
  );
  expect(() => quoteWord("a\nb")).toThrow("a line end cannot be saved");
});

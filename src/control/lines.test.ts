import fc from "fast-check";
import { expect, test } from "vitest";
import { Lines } from "./lines.ts";

test("lines come out whole, however they are cut", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(8)), (whole, cuts) => {
      const lines = new Lines(100);
      const found: string[] = [];
      let rest = Buffer.from(whole);
      for (const cut of [...cuts, rest.length]) {
        for (const line of lines.push(rest.subarray(0, cut)))
          found.push(Buffer.from(line).toString());
        rest = rest.subarray(cut);
      }
      const expected = whole.split("\n");
      const partial = expected.pop();
      expect(found).toEqual(expected);
      expect(lines.isPartial).toBe(partial !== "");
    }),
  );
});

test.each([
  ["aaa\n", ["aaa"], false],
  ["aaaa\n", [], true],
  ["a\naaaa", ["a"], true],
  ["aaaa\na\n", [], true],
])("at most three bytes a line: %j", (text, expected, tooLong) => {
  const lines = new Lines(3);
  const found = [...lines.push(Buffer.from(text))].map((line) => Buffer.from(line).toString());
  expect(found).toEqual(expected);
  expect(lines.isTooLong).toBe(tooLong);
});

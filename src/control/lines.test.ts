import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

test("a line that comes byte by byte takes no more room than it is long", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const room = () => {
    // The second waits for what the first has begun.
    for (let i = 0; i < 2; i++) collect();
    return process.memoryUsage().arrayBuffers;
  };
  const lines = new Lines(65_536);
  const before = room();
  let whole = 0;
  // A chunk may be a small part of what it was read into: 200 MB in all.
  for (let i = 0; i < 2000; i++) {
    for (const _ of lines.push(new Uint8Array(100_000).subarray(1, 2))) whole++;
  }
  expect(whole).toBe(0);
  expect(room() - before).toBeLessThan(50_000_000);
  expect([...lines.push(Uint8Array.of(0x0a))].map(({ length }) => length)).toEqual([2000]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Port, Protocol } from "./port.ts";
import { formatPort } from "./port.ts";
import { longestSequence, parseSequence, sameSequence } from "./sequence.ts";

const tcp = (number: number): Port => ({ number, protocol: "tcp" });
const udp = (number: number): Port => ({ number, protocol: "udp" });

const port = fc.record({
  number: fc.integer({ min: 1, max: 65535 }),
  protocol: fc.constantFrom<Protocol>("tcp", "udp"),
});
const sequence = fc.array(port, { minLength: 1, maxLength: longestSequence });

test.each([
  ["7000", [tcp(7000)]],
  ["7000,8000,9000", [tcp(7000), tcp(8000), tcp(9000)]],
  ["7000:tcp,8000:UDP", [tcp(7000), udp(8000)]],
  [" 7000 , 8000 : udp ", [tcp(7000), udp(8000)]],
  ["1,1,1:udp", [tcp(1), tcp(1), udp(1)]],
])("%j is a sequence", (text, steps) => {
  expect(parseSequence(text)).toEqual(steps);
});

const invalid = "port is invalid: expected 1 to 65535";
const unknown = "unknown protocol in knock sequence: expected tcp or udp";

test.each([
  ["", invalid, 0],
  ["7000,", invalid, 5],
  ["7000,,8000", invalid, 5],
  ["7000, 70000", invalid, 6],
  ["0", invalid, 0],
  ["7000 8000", invalid, 0],
  ["1,2:xyz", unknown, 2],
  ["1,2:", unknown, 2],
  ["1,2:udp:3", unknown, 2],
  [Array(33).fill("1").join(","), "too many ports in knock sequence: at most 32", 64],
])("%j is none: %s", (text, problem, offset) => {
  expect(parseSequence(text)).toEqual({ problem, offset });
});

test("a sequence reads back from what is written of its steps", () => {
  fc.assert(
    fc.property(sequence, fc.constantFrom(",", ", ", " ,"), (steps, comma) => {
      expect(parseSequence(steps.map(formatPort).join(comma))).toEqual(steps);
    }),
  );
});

test("sequences are the same when all their steps are", () => {
  expect(sameSequence([tcp(1), udp(2)], [tcp(1), udp(2)])).toBe(true);
  expect(sameSequence([tcp(1), udp(2)], [tcp(1), tcp(2)])).toBe(false);
  expect(sameSequence([tcp(1), tcp(2)], [tcp(2), tcp(1)])).toBe(false);
  expect(sameSequence([tcp(1)], [tcp(1), tcp(1)])).toBe(false);
  expect(sameSequence([tcp(1), tcp(2)], [tcp(12)])).toBe(false);
});

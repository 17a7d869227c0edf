import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomSequence, strengthOf } from "./random-sequence.ts";

/** Numbers that a seed repeats, and every one of which comes. */
function seeded(seed: number) {
  let state = seed >>> 0;
  return (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 8, maxLength: 40 });

describe("a random sequence", () => {
  test("has as many different ports as were asked for, of those that may be used", () => {
    fc.assert(
      fc.property(ports, fc.integer({ min: 3, max: 8 }), fc.integer(), (usable, steps, seed) => {
        const sequence = randomSequence(steps, usable, seeded(seed));
        const numbers = sequence.map(({ number }) => number);
        expect(new Set(numbers).size).toBe(steps);
        expect(numbers.every((number) => usable.includes(number))).toBe(true);
        expect(sequence.every(({ protocol }) => protocol === "tcp")).toBe(true);
      }),
    );
  });

  test("neither ascends nor descends as a whole", () => {
    fc.assert(
      fc.property(ports, fc.integer({ min: 3, max: 4 }), fc.integer(), (usable, steps, seed) => {
        const numbers = randomSequence(steps, usable, seeded(seed)).map(({ number }) => number);
        const sorted = [...numbers].sort((a, b) => a - b);
        expect(numbers).not.toEqual(sorted);
        expect(numbers).not.toEqual(sorted.reverse());
      }),
    );
  });

  test("is each of those that may come, about equally often", () => {
    const random = seeded(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 8_000; i++) {
      const text = randomSequence(3, [1, 2, 3, 4], random)
        .map(({ number }) => number)
        .join();
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    // Four sets of three ports, four orders each: 500 of each are expected.
    expect(counts.size).toBe(16);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(125);
  });

  test("cannot be made of too few ports, nor of two steps", () => {
    expect(() => randomSequence(4, [1, 2, 3], seeded(1))).toThrow("4 steps of 3 ports");
    expect(() => randomSequence(2, [1, 2, 3], seeded(1))).toThrow("2 steps of 3 ports");
  });
});

describe("its strength", () => {
  test("is the logarithm of the number of sequences, counted out", () => {
    const all = [1, 2, 3, 4, 5];
    const tuples = all.flatMap((a) => all.flatMap((b) => all.map((c) => [a, b, c] as const)));
    const allowed = tuples.filter(([a, b, c]) => {
      const different = a !== b && b !== c && a !== c;
      return different && !(a < b && b < c) && !(a > b && b > c);
    });
    expect(2 ** strengthOf(3, 5).bits).toBeCloseTo(allowed.length, 6);
    expect(strengthOf(3, 5).orders).toBe(6);
  });

  test("of four steps of 32,000 ports", () => {
    const { bits, orders } = strengthOf(4, 32_000);
    expect(bits).toBeCloseTo(4 * Math.log2(32_000) + Math.log2(11 / 12), 2);
    expect(orders).toBe(24);
  });
});

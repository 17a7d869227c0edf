import fc from "fast-check";
import { expect, test } from "vitest";
import type { HashKey } from "./sip-hash.ts";
import { randomHashKey, SipHash } from "./sip-hash.ts";

const key = Uint32Array.of(0x03020100, 0x07060504);
const word = fc.integer({ min: 0, max: 0xffffffff });

/** The lower half of the result, or the higher one. */
function hash(key: HashKey, words: readonly number[], half: "low" | "high" = "low"): number {
  const made = new SipHash(words.length, key);
  made.words.set(words);
  made.compute();
  return made[half] >>> 0;
}

/** The number of values in each of 256 buckets, chosen by the lowest bits. */
function spread(values: Iterable<number>): number[] {
  const buckets = Array<number>(256).fill(0);
  for (const value of values) buckets[value & 255] = (buckets[value & 255] ?? 0) + 1;
  return buckets;
}

test("the same words and key give the same unsigned number", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      const value = hash(key, words);
      expect(hash(Uint32Array.from(key), [...words])).toBe(value);
      expect(Number.isInteger(value) && value >= 0 && value <= 0xffffffff).toBe(true);
    }),
  );
});

test.each<[string, (i: number) => number[]]>([
  ["neighbours in one network", (i) => [0, 0, 0xffff, 0x0a000000 + i]],
  ["networks of one kind", (i) => [0, 0, 0xffff, (i << 16) >>> 0]],
  ["IPv6 hosts", (i) => [0x20010db8, 0, 0, i]],
  ["IPv6 networks", (i) => [0x20010db8 + i, 0, 0, 1]],
])("%s spread evenly over the buckets", (_, words) => {
  // 65,536 in 256 buckets: 256 each, with a standard deviation of 16; eight of them are never seen.
  const values = Array.from({ length: 65536 }, (_, i) => hash(key, words(i)));
  const buckets = spread(values);
  expect(Math.min(...buckets)).toBeGreaterThan(128);
  expect(Math.max(...buckets)).toBeLessThan(384);
  const high = spread(values.map((value) => value >>> 24));
  expect(Math.min(...high)).toBeGreaterThan(128);
});

test("what one key puts into one bucket another key scatters", () => {
  const chosen: number[] = [];
  for (let i = 0; chosen.length < 1024; i++) {
    if ((hash(key, [0, 0, 0xffff, i]) & 255) === 7) chosen.push(i);
  }
  const other = Uint32Array.of(0x03020101, 0x07060504);
  const buckets = spread(chosen.map((i) => hash(other, [0, 0, 0xffff, i])));
  expect(Math.max(...buckets)).toBeLessThan(32);
});

test("each bit of the words and of the key matters, and so does the number of words", () => {
  const words = [1, 2, 3, 4];
  const values = new Set([hash(key, words), hash(key, [...words, 0]), hash(key, words.slice(1))]);
  for (let bit = 0; bit < 128; bit++) {
    const flipped = words.with(bit >> 5, ((words[bit >> 5] ?? 0) ^ (1 << (bit & 31))) >>> 0);
    values.add(hash(key, flipped));
  }
  for (let bit = 0; bit < 64; bit++) {
    values.add(hash(key.with(bit >> 5, (key[bit >> 5] ?? 0) ^ (1 << (bit & 31))), words));
  }
  expect(values.size).toBe(3 + 128 + 64);
});

test("the two halves have nothing to do with one another", () => {
  const agreeing = Array.from({ length: 65536 }, (_, i) => [i]).filter(
    (words) => (hash(key, words) & 255) === (hash(key, words, "high") & 255),
  );
  expect(agreeing.length).toBeGreaterThan(128);
  expect(agreeing.length).toBeLessThan(384);
});

test("one that was used before gives the same result again", () => {
  const made = new SipHash(2, key);
  made.words.set([1, 2]);
  made.compute();
  const first = [made.low, made.high];
  made.words.set([3, 4]);
  made.compute();
  expect([made.low, made.high]).not.toEqual(first);
  made.words.set([1, 2]);
  made.compute();
  expect([made.low, made.high]).toEqual(first);
});

test("a random key is another one every time", () => {
  const keys = Array.from({ length: 10 }, () => randomHashKey().join());
  expect(new Set(keys).size).toBe(10);
});

import { randomFillSync } from "node:crypto";

/** The 64 random bits that make a hash unpredictable to those who choose what is hashed. */
export type HashKey = Uint32Array;

export function randomHashKey(): HashKey {
  return randomFillSync(new Uint32Array(2));
}

/**
 * HalfSipHash-1-3 of a few 32-bit words, as the Linux kernel uses for its hash tables
 * (Documentation/security/siphash.rst): an unsigned 32-bit number. Without the key nobody can
 * choose source addresses that fall into one bucket.
 */
export function hash(key: HashKey, words: readonly number[]): number {
  let v0 = key[0] ?? 0;
  let v1 = key[1] ?? 0;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  const count = words.length;
  // A round for each word, one for the length (in bytes, in the top byte), three to finish.
  for (let i = 0; i < count + 4; i++) {
    const word = i < count ? (words[i] ?? 0) : i === count ? count << 26 : 0;
    if (i === count + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

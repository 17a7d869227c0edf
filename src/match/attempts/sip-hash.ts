import { randomFillSync } from "node:crypto";
import type { Address } from "../../base/address.ts";

/** The 64 random bits that make a hash unpredictable to a source that chooses what is hashed. */
export type HashKey = Uint32Array;

export function randomHashKey(): HashKey {
  return randomFillSync(new Uint32Array(2));
}

/**
 * HalfSipHash-1-3 of a few 32-bit words, as the Linux kernel uses for its hash tables
 * (Documentation/security/siphash.rst). Without the key an attacker cannot choose source addresses that
 * fall into one bucket. The words and the result are fields, so that hashing allocates nothing.
 */
export class SipHash {
  /** The input. */
  readonly words: Uint32Array;
  /** The result: 64 bits, as two signed 32-bit numbers. */
  low = 0;
  high = 0;
  readonly #k0: number;
  readonly #k1: number;

  /** `count`: the length of the input in words. */
  constructor(count: number, key: HashKey = randomHashKey()) {
    this.words = new Uint32Array(count);
    this.#k0 = (key[0] ?? 0) | 0;
    this.#k1 = (key[1] ?? 0) | 0;
  }

  /** Writes an address into the first four words. */
  put({ w0, w1, w2, w3 }: Address): void {
    this.words[0] = w0;
    this.words[1] = w1;
    this.words[2] = w2;
    this.words[3] = w3;
  }

  /** Computes the result from the words. */
  compute(): void {
    const { words } = this;
    const count = words.length;
    let v0 = this.#k0;
    // The variant with a 64-bit result has an initial state and a finish of its own.
    let v1 = this.#k1 ^ 0xee;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ this.#k1;
    // A round for each word, one for the length (in bytes, in the top byte), three to finish each half.
    for (let i = 0; i < count + 7; i++) {
      const word = i < count ? (words[i] ?? 0) | 0 : i === count ? count << 26 : 0;
      if (i === count + 1) v2 ^= 0xee;
      if (i === count + 4) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
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
    this.high = v1 ^ v3;
  }
}

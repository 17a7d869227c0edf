import type { SeededRandom } from "../differential/random.ts";

/** Something that reads bytes from strangers, and what it promises whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  /** The files whose branches the cases should reach, as src/… (or the beginning of that). */
  readonly covers: readonly string[];
  /** The longest case: bytes. */
  readonly longest: number;
  /** Pieces that its inputs are made of. */
  readonly words: readonly Uint8Array[];
  /** A case of the right shape, with lies in it. */
  readonly make: (random: SeededRandom) => Uint8Array;
  /** How long a case of so many bytes may take: milliseconds. */
  readonly limit: (length: number) => number;
  /**
   * Reads a case, and throws if a promise is broken. Returns what happened in a word or two: a case
   * with a new outcome is worth to be kept. Must not depend on the cases before.
   */
  readonly run: (input: Uint8Array) => string | Promise<string>;
}

/** Pieces as their bytes, for `words`. */
export function words(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

/** Throws with this text unless it holds. */
export function promise(holds: boolean, text: string): asserts holds {
  if (!holds) throw new Error(text);
}

import type { SeededRandom } from "../differential/random.ts";

/** Numbers at the edges of their widths. */
const edges = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255];

/** The case, changed once or a few times; never longer than `longest` bytes. */
export function mutate(
  input: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
  longest: number,
  random: SeededRandom,
): Uint8Array {
  let bytes = input;
  const times = random.percent(60) ? 1 : random.from(2, 8);
  for (let i = 0; i < times; i++) bytes = once(bytes, other, words, random).subarray(0, longest);
  return Uint8Array.from(bytes);
}

function once(
  input: Uint8Array,
  other: Uint8Array,
  words: readonly Uint8Array[],
  random: SeededRandom,
): Uint8Array {
  const at = random.from(0, Math.max(0, input.length - 1));
  const length = random.from(1, Math.max(1, Math.min(32, input.length - at)));
  switch (random.from(0, 12)) {
    case 0:
      return set(input, at, (input[at] ?? 0) ^ (1 << random.from(0, 7)));
    case 1:
      return set(input, at, random.pick(edges));
    case 2:
      return set(input, at, random.from(0, 255));
    case 3:
      return set(set(input, at, random.pick(edges)), at + 1, random.pick(edges));
    case 4:
      return set(input, at, (input[at] ?? 0) + random.from(-4, 4));
    case 5: // Cut off.
      return input.subarray(0, at);
    case 6: // A part less.
      return splice(input, at, length, new Uint8Array());
    case 7: // A part twice.
      return splice(input, at, 0, input.subarray(at, at + length));
    case 8: // A part many times: what takes longer than its length shows.
      return pump(input, at, length, 2 ** random.from(1, random.percent(2) ? 13 : 6));
    case 9:
      return splice(input, at, 0, words.length > 0 ? random.pick(words) : Uint8Array.of(0));
    case 10: {
      const word = words.length > 0 ? random.pick(words) : Uint8Array.of(255);
      return splice(input, at, word.length, word);
    }
    case 11: // The beginning of one and the end of another.
      return join(input.subarray(0, at), other.subarray(random.from(0, other.length)));
    default:
      return splice(
        input,
        at,
        0,
        Uint8Array.of(...random.several(1, 8, () => random.from(0, 255))),
      );
  }
}

function set(input: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(input);
  if (at < copy.length) copy[at] = value;
  return copy;
}

function pump(input: Uint8Array, at: number, length: number, times: number): Uint8Array {
  const part = input.subarray(at, at + length);
  const many = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) many.set(part, i * part.length);
  return splice(input, at, length, many);
}

/** `piece` in the place of `length` bytes from `at` on. */
function splice(input: Uint8Array, at: number, length: number, piece: Uint8Array): Uint8Array {
  return join(input.subarray(0, at), piece, input.subarray(at + length));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

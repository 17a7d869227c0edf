// Base64 of RFC 4648 §4, strictly: Node's decoder passes over line ends and takes two alphabets.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The value of each byte, 255 for those outside the alphabet. */
const values = new Uint8Array(256).fill(255);
for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;

/**
 * Decodes the characters from `start` to `end`, a multiple of four, into `target` at `at`. Returns
 * whether all are of the alphabet; `target` may be written in part if not. Padding is not.
 */
export function decodeBase64(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): boolean {
  let to = at;
  for (let from = start; from < end; from += 4) {
    const a = valueAt(source, from);
    const b = valueAt(source, from + 1);
    const c = valueAt(source, from + 2);
    const d = valueAt(source, from + 3);
    if ((a | b | c | d) > 63) return false;
    target[to++] = (a << 2) | (b >> 4);
    target[to++] = ((b & 15) << 4) | (c >> 2);
    target[to++] = ((c & 3) << 6) | d;
  }
  return true;
}

function valueAt(source: Uint8Array, at: number): number {
  return values[source[at] ?? 0] ?? 255;
}

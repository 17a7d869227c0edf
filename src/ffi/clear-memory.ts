// madvise(2): memory that is to be zeroes need not be in memory.
import { addressOf, madvise } from "./libc.ts";

const MADV_DONTNEED = 4;

/** Bytes; a multiple of the size of a page on every architecture. */
const page = 65_536n;

/** Zeroes memory and returns its pages to the system, but for parts of pages at its ends. */
export function clearMemory(memory: SharedArrayBuffer): void {
  const bytes = new Uint8Array(memory);
  const start = addressOf(bytes);
  const first = ((start + page - 1n) / page) * page;
  const end = ((start + BigInt(bytes.length)) / page) * page;
  // Locked memory stays where it is.
  if (end <= first || madvise(first, Number(end - first), MADV_DONTNEED) !== 0) {
    bytes.fill(0);
    return;
  }
  bytes.fill(0, 0, Number(first - start));
  bytes.fill(0, Number(end - start));
}

// A journal is lines of text: a CRC-32 in eight hex digits, a blank, one JSON value. The zeros after the
// last line are room that was reserved on the disk.
import { crc32 } from "node:zlib";

export interface ReadJournal {
  /** The values of all sound lines, in order. */
  readonly values: readonly unknown[];
  /** The offset of the next line: bytes. */
  readonly end: number;
  /** One text for each part that cannot be read, or could not without a correction. */
  readonly damage: readonly string[];
  /** How many whole lines cannot be read; a gap counts as one. */
  readonly lost: number;
}

/** Bytes of a damaged part, and how many parts, in which a wrong bit is looked for: each bit is tried. */
const longestCorrection = 2048;
const mostCorrections = 8;

const blank = 0x20;

export function formatLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/**
 * Reads a journal, however damaged: one wrong bit in a line is corrected; a line that is cut off or does
 * not fit its checksum is reported, all others are used.
 */
export function readJournal(bytes: Uint8Array): ReadJournal {
  const used = lengthWithoutZeros(bytes);
  // One character a byte. A TextDecoder takes "latin1" for windows-1252, which is not reversible.
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, used)
    .toString("latin1")
    .split(/(?<=\n)/);
  const values: unknown[] = [];
  const damage: string[] = [];
  let lost = 0;
  let end = used;
  let corrections = 0;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    // A page of the file that was lost is zeros; what follows it is not.
    const stripped = line.replace(/^\0+/, "");
    const value = parseLine(stripped);
    if (value !== undefined) values.push(value);
    if (stripped !== line) damage.push("something is behind its end");
    // Whole lines may have been there.
    if (stripped !== line && value !== undefined) lost++;
    if (value !== undefined || stripped === "") continue;
    const corrected = corrections++ < mostCorrections && correct(line, lines[i + 1] ?? "");
    if (corrected) {
      damage.push(`line ${i + 1} had a wrong bit, which is corrected`);
      values.push(...corrected.values);
      i += corrected.count - 1;
    } else if (line.endsWith("\n")) {
      damage.push(`line ${i + 1} is damaged`);
      lost++;
    } else {
      if (stripped === line) damage.push(`line ${i + 1} is cut off`);
      end = used - line.length;
    }
  }
  return { values, end, damage, lost };
}

/** Returns the values of a line with one wrong bit, or of two that are one or are split because of it. */
function correct(line: string, next: string) {
  const values = correctBit(line);
  if (values !== undefined) return { values, count: 1 };
  const both = parseLine(next) === undefined ? correctBit(line + next) : undefined;
  return both && { values: both, count: 2 };
}

/** A CRC-32 fits no other text of this length that differs in two bits: what is found is what was written. */
function correctBit(text: string): readonly unknown[] | undefined {
  if (text.length > longestCorrection) return undefined;
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 1; bit < 256; bit *= 2) {
      bytes[at] = byte ^ bit;
      const values = parseAll(bytes);
      if (values !== undefined) return values;
    }
    bytes[at] = byte;
  }
  return undefined;
}

/** Returns the values of all lines, or undefined if one of them is damaged. */
function parseAll(bytes: Buffer): readonly unknown[] | undefined {
  const values: unknown[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf("\n", start);
    if (end < 0 || bytes[start + 8] !== blank) return undefined;
    // Compared as bytes first: of some 16,000 tries for a line, at most one fits.
    const sum = checksum(bytes.subarray(start + 9, end));
    if (sum !== bytes.toString("latin1", start, start + 8)) return undefined;
    const value = parseLine(bytes.toString("latin1", start, end + 1));
    if (value === undefined) return undefined;
    values.push(value);
    start = end + 1;
  }
  return values;
}

/** Returns the value of a line with its end, or undefined if it is damaged. */
function parseLine(line: string): unknown {
  if (line[8] !== " " || !line.endsWith("\n")) return undefined;
  const json = Buffer.from(line.slice(9, -1), "latin1").toString();
  if (line.slice(0, 8) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    // The checksum fits by chance: the line is damaged.
    return undefined;
  }
}

/** Returns the length of what stands before the zeros at the end. */
function lengthWithoutZeros(bytes: Uint8Array): number {
  // Compared as wholes: byte by byte, a megabyte would take a tenth of the daemon's start.
  const zeros = Buffer.alloc(4096);
  let end = bytes.length;
  for (; end > 0; end -= zeros.length) {
    const block = bytes.subarray(Math.max(0, end - zeros.length), end);
    if (Buffer.compare(block, zeros.subarray(0, block.length)) !== 0) break;
  }
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.max(0, end);
}

function checksum(text: string | Uint8Array): string {
  return crc32(text).toString(16).padStart(8, "0");
}

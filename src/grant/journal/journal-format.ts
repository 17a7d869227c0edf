// A journal is lines of text: a CRC-32 in eight hex digits, a blank, one JSON value. The zeros after the
// last line are room that was reserved on the disk.
import { crc32 } from "node:zlib";

export interface ReadJournal {
  /** The values of all sound lines, in order. */
  readonly values: readonly unknown[];
  /** The offset of the next line: bytes. */
  readonly end: number;
  /** One text for each part that cannot be read. */
  readonly damage: readonly string[];
}

export function formatLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/**
 * Reads a journal, however damaged: a line that is cut off or does not fit its checksum is reported,
 * all others are used.
 */
export function readJournal(bytes: Uint8Array): ReadJournal {
  const values: unknown[] = [];
  const damage: string[] = [];
  const room = bytes.indexOf(0);
  const end = room < 0 ? bytes.length : room;
  // One character a byte. A TextDecoder takes "latin1" for windows-1252, which is not reversible.
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1").split("\n");
  // The text after the last line end is empty, unless a line was cut off.
  const cut = lines.pop() ?? "";
  lines.forEach((line, i) => {
    const value = parseLine(line);
    if (value === undefined) damage.push(`line ${i + 1} is damaged`);
    else values.push(value);
  });
  if (cut !== "") damage.push(`line ${lines.length + 1} is cut off`);
  const rest = bytes.subarray(end);
  // Compared as a whole: byte by byte, a megabyte would take a tenth of the daemon's start.
  if (Buffer.compare(rest, Buffer.alloc(rest.length)) !== 0) {
    damage.push("something is behind its end");
  }
  return { values, end: end - cut.length, damage };
}

function parseLine(line: string): unknown {
  const json = Buffer.from(line.slice(9), "latin1").toString();
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    // The checksum fits by chance: the line is damaged.
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

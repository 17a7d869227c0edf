import { crc32, deflateSync } from "node:zlib";
import { encode, renderSVG } from "uqr";

/** ISO/IEC 18004 §6.3.8: four light modules around it. */
const border = 4;

/** Two rows of modules a line: the upper one, the lower one, dark or light. */
const blocks = { "11": "█", "10": "▀", "01": "▄", "00": " " } as const;

/**
 * A QR code for a terminal. With `colours` it is black on white whatever the terminal's own colours are;
 * without, light modules are drawn, which suits a dark background.
 */
export function formatQr(text: string, colours: boolean): string {
  const { data, size } = encode(text, { border, ecc: "L" });
  const drawn = (row: number, column: number) => (data[row]?.[column] ?? false) === colours;
  const lines = Array.from({ length: Math.ceil(size / 2) }, (_, i) =>
    Array.from({ length: size }, (_, column) => {
      // The number of rows is odd: half a line is left over.
      const lower = 2 * i + 1 < size && drawn(2 * i + 1, column);
      const key = `${Number(drawn(2 * i, column))}${Number(lower)}` as keyof typeof blocks;
      return blocks[key];
    }).join(""),
  );
  return lines.map((line) => (colours ? `\x1b[30;107m${line}\x1b[0m\n` : `${line}\n`)).join("");
}

/** Pixels for a module of a PNG, which makes a byte of each: a size that phones read. */
const scale = 8;

/** Returns the rows of a QR code: 1 for each dark module, 0 for each light one. */
export function qrRows(text: string): string[] {
  const { data } = encode(text, { border, ecc: "L" });
  return data.map((row) => row.map(Number).join(""));
}

/** Returns a QR code as an SVG image, black on white. */
export function formatQrSvg(text: string): string {
  return `${renderSVG(text, { border, ecc: "L" })}\n`;
}

/** Returns a QR code as a PNG image (ISO/IEC 15948), black on white. */
export function formatQrPng(text: string): Buffer {
  const { data, size } = encode(text, { border, ecc: "L" });
  const width = size * scale;
  // Greyscale, one bit a pixel.
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header.writeUInt8(1, 8);
  const rows = data.flatMap((row) => Array.from({ length: scale }, () => formatPngRow(row)));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    formatChunk("IHDR", header),
    formatChunk("IDAT", deflateSync(Buffer.concat(rows))),
    formatChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A filter byte, and a byte for each module: as many pixels as it has bits. */
function formatPngRow(row: readonly boolean[]): Buffer {
  return Buffer.from([0, ...row.map((isDark) => (isDark ? 0 : 0xff))]);
}

function formatChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

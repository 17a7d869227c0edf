import { encode } from "uqr";

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

import { inflateSync } from "node:zlib";
import { encode } from "uqr";
import { expect, test } from "vitest";
import { formatQr, formatQrPng, formatQrSvg } from "./qr.ts";

const text = "https://www.example.org/knock.html#knock=7003,9140,8455&host=server.example.org";
const { data, size } = encode(text, { border: 4, ecc: "L" });

/** The modules that a terminal shows: true where something is drawn. */
function drawn(lines: readonly string[]): boolean[][] {
  const upper = (line: string) => [...line].map((block) => block === "█" || block === "▀");
  const lower = (line: string) => [...line].map((block) => block === "█" || block === "▄");
  return lines.flatMap((line) => [upper(line), lower(line)]).slice(0, size);
}

test("in colours: the dark modules are drawn in black, on white", () => {
  const lines = formatQr(text, true).replace(/\n$/, "").split("\n");
  for (const line of lines) expect(line).toMatch(/^.\[30;107m[█▀▄ ]+.\[0m$/);
  expect(drawn(lines.map((line) => line.slice(9, -4)))).toEqual(data);
});

test("without colours: the light modules are drawn, on whatever is dark", () => {
  const lines = formatQr(text, false).replace(/\n$/, "").split("\n");
  expect(drawn(lines)).toEqual(data.map((row) => row.map((dark) => !dark)));
});

test("as PNG: a byte for each module, eight rows high", () => {
  const png = formatQrPng(text);
  expect(png.subarray(0, 8).toString("latin1")).toBe("\u0089PNG\r\n\u001a\n");
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([
    size * 8,
    size * 8,
    1,
    0,
  ]);
  const length = png.readUInt32BE(33);
  expect(png.subarray(37, 41).toString("latin1")).toBe("IDAT");
  const rows = inflateSync(png.subarray(41, 41 + length));
  const width = size + 1;
  const modules = data.map((_, y) =>
    Array.from({ length: 8 }, (_, i) => [
      ...rows.subarray((8 * y + i) * width, (8 * y + i + 1) * width),
    ]),
  );
  expect(modules).toEqual(
    data.map((row) => Array.from({ length: 8 }, () => [0, ...row.map((dark) => (dark ? 0 : 255))])),
  );
});

test("as SVG: an image, black on white", () => {
  expect(formatQrSvg(text)).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<\/svg>\n$/s);
});

test("a small one, in full", () => {
  expect(formatQr("A", false)).toMatchInlineSnapshot(`
    "█████████████████████████████
    █████████████████████████████
    ████ ▄▄▄▄▄ ██ ▀ ▄█ ▄▄▄▄▄ ████
    ████ █   █ █▄ █ ▄█ █   █ ████
    ████ █▄▄▄█ ███▄█ █ █▄▄▄█ ████
    ████▄▄▄▄▄▄▄█ ▀▄▀ █▄▄▄▄▄▄▄████
    ████▄  ▀▄▄▄ ▄▄ ▄█▄ ███ ▀█████
    █████▀█▄▄ ▄▀▀▀ █▄█▀█▄█▀▀▄████
    ████▄▄▄█▄▄▄█  █▀▄▀▄▀▄▀▄▄▄████
    ████ ▄▄▄▄▄ █ ▀  ▀ ▄ ▀ ▄▀█████
    ████ █   █ █▄▀█▄█▄ ▄█▄ ▀▄████
    ████ █▄▄▄█ █ ▄ █▄█▀█▄█▀▀ ████
    ████▄▄▄▄▄▄▄█▄▄▄█▄█▄█▄█▄█▄████
    █████████████████████████████
    ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
    "
  `);
});

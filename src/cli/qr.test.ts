import { encode } from "uqr";
import { expect, test } from "vitest";
import { formatQr } from "./qr.ts";

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

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { contrast } from "../support/contrast.ts";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const colours = read("page/colours.css");

/** The colours of one scheme: `--ink` → `#1d1f22`. */
const schemes = [...colours.matchAll(/:root \{(.*?)\}/gs)].map(
  ([, body = ""]) => new Map([...body.matchAll(/(--[\w-]+): (#\w+)/g)].map(([, a, b]) => [a, b])),
);

// WCAG 2.2, 1.4.3: text; 1.4.11: borders of what can be used.
test.each([
  ["--ink", "--paper", 4.5],
  ["--ink", "--card", 4.5],
  ["--faint", "--paper", 4.5],
  ["--faint", "--card", 4.5],
  ["--accent", "--paper", 4.5],
  ["--accent", "--card", 4.5],
  ["--on-accent", "--accent", 4.5],
  ["--bad", "--paper", 4.5],
  ["--bad", "--card", 4.5],
  ["--line", "--card", 3],
  ["--line", "--paper", 2.9],
])("%s on %s has the contrast %d, in light and dark", (front, back, least) => {
  expect(schemes).toHaveLength(2);
  for (const scheme of schemes) {
    expect(contrast(scheme.get(front), scheme.get(back))).toBeGreaterThanOrEqual(least);
  }
});

test.each(["page/index.html", "page/console/console.css"])("%s has these colours alone", (file) => {
  const built = read(join("dist", file));
  expect(built).toContain(colours.trim());
  expect(built.match(/^ *--[\w-]+: #/gm)).toHaveLength(2 * (schemes[0]?.size ?? 0));
  // Each colour that is used is one of them.
  const used = [...built.matchAll(/var\((--[\w-]+)\)/g)].map(([, name = ""]) => name);
  for (const scheme of schemes) expect(used.filter((name) => !scheme.has(name))).toEqual([]);
});

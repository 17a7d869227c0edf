// Each figure of the documents beside what it comes from. docs/benchmarks.md is made from its record, tables of
// directives from their rows, sessions by tests; the table of README.md has readme.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CodeSource, FigureSource } from "../support/figure-sources.ts";
import { figureSources } from "../support/figure-sources.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

const made = ["benchmarks.md", "configuration.md", "first-server.md"];
const pages = [
  ...["CONTRIBUTING.md", "SECURITY.md"],
  ...readdirSync(join(root, "docs"))
    .filter((name) => /^[^.]+\.md$/.test(name) && !made.includes(name))
    .map((name) => `docs/${name}`),
];

const units = [
  ...["ms", "µs", "s", "m", "seconds?", "minutes?", "hours?", "days?", "bytes", "characters"],
  ...["KB", "[KMG]iB", "%", "packets", "sources", "connections", "leases", "keys"],
  ...["HMACs", "decoys", "a second"],
];

/** The figures of a page with a unit, outside of code: `5 minutes` as `5 m`. */
function figuresOf(page: string): ReadonlySet<string> {
  const code = /^ *(`{3,})[^`\n]*\n[\s\S]*?^ *\1$|<!--[\s\S]*?-->|(?<=\n\n)(?: {4}.*\n)+|`[^`]*`/gm;
  const prose = text(page).replace(code, "").replace(/\s+/g, " ");
  const figure = new RegExp(String.raw`(?<![\w.:/=-])\d[\d,.]* ?(?:${units.join("|")})(?!\w)`, "g");
  const found = prose.match(figure) ?? [];
  return new Set(
    found.map((one) => one.replace(/(\d) ([smhd])(?:econd|inute|our|ay)s?$/, "$1 $2")),
  );
}

test.each(pages)("%s: each figure has a source", (page) => {
  const known = figureSources[page] ?? {};
  const unknown = [...figuresOf(page)].filter((figure) => !(figure in known));
  expect(unknown, "add where they come from to test/support/figure-sources.ts").toEqual([]);
});

const sources = Object.entries(figureSources).flatMap(([page, figures]) =>
  Object.entries(figures).map(([figure, source]) => [page, figure, source] as const),
);

test("there are figures to look at", () => expect(sources.length).toBeGreaterThan(100));

test("no source is left of a figure that is gone", () => {
  const gone = sources.filter(([page, figure]) => !figuresOf(page).has(figure));
  expect(gone.map(([page, figure]) => `${page}: ${figure}`)).toEqual([]);
});

function codeOf(source: FigureSource): readonly CodeSource[] {
  if (typeof source === "string") return [];
  return typeof source[0] === "string" ? [source as CodeSource] : (source as readonly CodeSource[]);
}

test("the code from which figures follow has not changed", () => {
  const changed = sources.flatMap(([page, figure, source]) =>
    codeOf(source)
      .filter(([file, code]) => !text(file).includes(code))
      .map(([file, code]) => `${page} says "${figure}"; ${file} no longer has "${code}"`),
  );
  expect(changed, "write what the code says now, there and in figure-sources.ts").toEqual([]);
});

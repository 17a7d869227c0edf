import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { catalogue, others } from "../clients/catalogue.ts";
import { namesInTable } from "../clients/table.ts";
import { doorRows, optionRows } from "../support/directives.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const readme = text("README.md");
const readmes = ["README.md", "README.ko.md"];
const examples = readdirSync(join(root, "examples"))
  .filter((name) => name.endsWith(".conf"))
  .map((name) => [name, readFileSync(join(root, "examples", name), "utf8")] as const);

function errorsOf(text: string): string[] {
  const { problems } = parseConfig(text);
  return problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

test.each([...readmes, "docs/tutorial.md"])(
  "%s has configurations, and each of them loads",
  (path) => {
    const blocks = [...text(path).matchAll(/```ini\n(.*?)```/gs)].map(([, block = ""]) => block);
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(errorsOf(block)).toEqual([]);
  },
);

test.each(examples)("examples/%s loads", (_, text) => expect(errorsOf(text)).toEqual([]));

test.each(readmes)("the table of %s names every directive", (path) => {
  const [table = ""] = text(path).match(/(?:^\|.*\n)*^\| `\[options\]`.*\n(?:^\|.*\n)*/m) ?? [];
  const missing = [...optionRows, ...doorRows].filter(
    ({ name }) => !new RegExp(`\\b${name}\\b`, "i").test(table),
  );
  expect(missing).toEqual([]);
});

test("what the README refers to is there", () => {
  const paths = [
    ...readme.matchAll(/`((?:src|test|docs|packaging|examples|bin)\/[\w./-]+\.\w+)`/g),
  ];
  expect(paths.length).toBeGreaterThan(10);
  for (const [, path = ""] of paths) expect(() => readFileSync(join(root, path))).not.toThrow();
});

test("docs/clients.md has a row for each client that is tried, and no other", () => {
  expect(namesInTable()).toEqual([...catalogue.map(({ name }) => name), ...others]);
});

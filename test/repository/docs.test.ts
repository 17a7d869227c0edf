import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { catalogue, others } from "../clients/catalogue.ts";
import { namesInTable } from "../clients/table.ts";

const root = join(import.meta.dirname, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const readme = text("README.md");
const examples = readdirSync(join(root, "examples"))
  .filter((name) => name.endsWith(".conf"))
  .map((name) => [name, readFileSync(join(root, "examples", name), "utf8")] as const);

function errorsOf(text: string): string[] {
  const { problems } = parseConfig(text);
  return problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

test.each(["README.md", "docs/first-server.md", "docs/configuration.md"])(
  "%s has configurations, and each of them loads",
  (path) => {
    const blocks = [...text(path).matchAll(/```ini\n(.*?)```/gs)].map(([, block = ""]) => block);
    expect(blocks).not.toEqual([]);
    for (const block of blocks) expect(errorsOf(block)).toEqual([]);
  },
);

test.each(examples)("examples/%s loads", (_, text) => expect(errorsOf(text)).toEqual([]));

test.each(["README.md", "CONTRIBUTING.md"])("the files that %s names are there", (path) => {
  const named = /`((?:src|test|docs|packaging|examples|bin|bench)\/[\w./-]+\.\w+)`/g;
  const paths = [...text(path).matchAll(named)].map(([, file = ""]) => file);
  expect(paths.length).toBeGreaterThan(2);
  expect(paths.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("README.md has at most 180 lines", () => {
  expect(readme.split("\n").length).toBeLessThanOrEqual(181);
});

const pages = [
  ...readdirSync(root),
  ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));

/** The lines of a page outside of code, comments and tables, without those of one link or span. */
function proseOf(page: string): string[] {
  const code = /^ *(`{3,})[^`\n]*\n[\s\S]*?^ *\1$|<!--[\s\S]*?-->|(?<=\n\n)(?: {4}.*\n)+/gm;
  const isWhole = /^[-> ]*(?:\[[^\]]*\]\(\S+\)|`[^`]*`)\S*$/;
  const lines = page.replace(code, "").split("\n");
  return lines.filter((line) => !line.startsWith("|") && !isWhole.test(line));
}

test("there are pages in both languages to look at", () => {
  expect(pages).toEqual(
    expect.arrayContaining(["CONTRIBUTING.md", "README.ko.md", "docs/security.md"]),
  );
});

test.each(pages)("%s has no line of prose above 100 characters", (page) => {
  const lines = proseOf(text(page));
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.filter((line) => [...line].length > 100)).toEqual([]);
});

test("docs/README.md has each page", () => {
  const index = text("docs/README.md");
  const names = readdirSync(join(root, "docs")).filter((name) => /^[^.]+\.md$/.test(name));
  expect(names.filter((name) => name !== "README.md" && !index.includes(`](${name})`))).toEqual([]);
});

test("the sessions and configurations of first-server.ko.md are those of first-server.md", () => {
  const blocks = (path: string) => text(path).match(/^```\w+\n.*?^```$/gms) ?? [];
  expect(blocks("docs/first-server.md").length).toBeGreaterThan(15);
  expect(blocks("docs/first-server.ko.md")).toEqual(blocks("docs/first-server.md"));
});

test("the Korean pages say 노크 for a knock", () => {
  const korean = pages.filter((name) => name.endsWith(".ko.md"));
  expect(korean.length).toBeGreaterThan(3);
  for (const page of korean) expect(text(page)).not.toMatch(/두드리|두드려/);
});

test("the documents name the package of this version", () => {
  const { version } = JSON.parse(text("package.json")) as { readonly version: string };
  const users = pages.filter((name) => /^README|^docs/.test(name));
  const named = users.flatMap((name) => [
    ...text(name).matchAll(/sesame-knock[_-](\d+\.\d+\.\d+)/g),
  ]);
  expect(named.map(([, number]) => number)).toEqual(named.map(() => version));
  expect(named).not.toEqual([]);
});

test("docs/clients.md has a row for each client that is tried, and no other", () => {
  expect(namesInTable()).toEqual([...catalogue.map(({ name }) => name), ...others]);
});

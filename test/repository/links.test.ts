import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { callsIn, complaint } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");

/** Every document of the repository, by its path from the root. */
const documents = ["", "docs", "packaging", "examples", "bench"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

const textOf = (path: string) => readFileSync(join(root, path), "utf8");

/** A document without its blocks of code. */
const prose = (text: string) => text.replace(/^(`{3,}).*?^\1$/gms, "");

/** As GitHub makes the anchor of a heading: `Knock from …` is `knock-from-`. */
function anchors(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("there are documents to look at", () => {
  expect(documents).toEqual(expect.arrayContaining(["README.md", "docs/architecture.md"]));
});

test.each(documents)("every link of %s leads to something that is there", (path) => {
  const text = textOf(path);
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const dead = links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const place = file === "" ? path : relative(root, join(root, dirname(path), file));
      if (!existsSync(join(root, place))) return true;
      return anchor !== undefined && !anchors(textOf(place)).has(decodeURIComponent(anchor));
    });
  expect(dead).toEqual([]);
});

/** The lines of a document that look like a command: in blocks, and in spans of code. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/^(```+)[^\n]*\n(.*?)^\1$/gms)].map(([, , block = ""]) => block);
  const indented = prose(text).match(/^ {4}.*$/gm) ?? [];
  const spans = [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...blocks.flatMap(typedIn), ...indented, ...spans];
}

/** The lines of a block; with prompts in it, those that have one: the others are output. */
function typedIn(block: string): string[] {
  const lines = block.split("\n");
  const typed = lines.filter((line) => /^[\w-]*[$#] /.test(line));
  return typed.length > 0 ? typed : lines;
}

test.each(documents)("the command lines of %s have options that there are", (path) => {
  const calls = commandLines(textOf(path)).flatMap(callsIn);
  expect(calls.flatMap((call) => complaint(call) ?? [])).toEqual([]);
});

test("there are command lines to look at", () => {
  const calls = documents.flatMap((path) => commandLines(textOf(path)).flatMap(callsIn));
  expect(calls.length).toBeGreaterThan(100);
  expect(complaint(["knock", "--wiat", "22", "home"])).toContain("unrecognized option '--wiat'");
  expect(complaint(["knockctl", "gaurd"])).toContain('there is no command "gaurd"');
  expect(callsIn("server$ sudo knockctl check F && knock -d 1 H 2 # x")).toEqual([
    ["knockctl", "check", "F"],
    ["knock", "-d", "1", "H", "2"],
  ]);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withoutComments } from "../support/imports.ts";

const declaration =
  /^[ \t]*(?:export |default |declare |abstract |const )*(?:interface|type|class|enum) (?<name>[A-Z]\w*)/gm;

/** The names of the types that `source` declares, also within functions. */
function typesIn(source: string): string[] {
  return [...withoutComments(source).matchAll(declaration)].map(
    ({ groups = {} }) => groups["name"] ?? "",
  );
}

/** Each name that is declared more than once, with the files that declare it. */
function collisions(sources: ReadonlyMap<string, string>): Record<string, string[]> {
  const declared = new Map<string, string[]>();
  for (const [file, source] of sources) {
    for (const name of typesIn(source)) {
      declared.set(name, [...(declared.get(name) ?? []), file]);
    }
  }
  return Object.fromEntries([...declared].filter(([, files]) => files.length > 1));
}

const root = join(import.meta.dirname, "../..");
const sources = new Map(
  ["src", "test", "bench", "page", "packaging"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map(
        (name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), "utf8")] as const,
      ),
  ),
);

test("a type name is unique in the repository", () => {
  expect(collisions(sources)).toEqual({});
});

test("the types of a file are found, whatever stands before their names", () => {
  const source = `
    import type { Outer } from "./outer.ts";
    export interface First {}
    export default abstract class Second<T> {}
    declare enum Third {}
    // type Comment = 1;
    export type { Outer };
    test("", () => {
      type Fourth = 1;
      const type = new Fifth();
    });`;
  expect(typesIn(source)).toEqual(["First", "Second", "Third", "Fourth"]);
  const twice = new Map([
    ["a.ts", "type A = 1;\ntype B = 2;"],
    ["b.ts", "class A {}"],
    ["c.ts", "interface C {}\ninterface C {}"],
  ]);
  expect(collisions(twice)).toEqual({ A: ["a.ts", "b.ts"], C: ["c.ts", "c.ts"] });
});

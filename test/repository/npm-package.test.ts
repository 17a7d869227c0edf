import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { licenceTexts } from "../../packaging/licences.ts";
import { bundledPackages } from "../../packaging/npm.ts";
import { table } from "../support/import-table.ts";

const root = join(import.meta.dirname, "../..");
const description = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** What the sources import, besides the addon. */
const imported = [...new Set(Object.values(table).flatMap(({ packages = [] }) => packages))]
  .filter((name) => name !== "koffi")
  .sort();

test("npm installs with the package no other than the addons of koffi", () => {
  expect(description.dependencies).toBeUndefined();
  const addons = Object.keys(description.optionalDependencies);
  expect(addons.filter((name) => !name.startsWith("@koromix/koffi-"))).toEqual([]);
});

test("the programs require only Node's modules, and files beside them", () => {
  const folder = join(root, "dist");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".cjs"),
  );
  const required = files.flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return [...text.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)].map(([, id = ""]) => id);
  });
  expect(required).toContain("node:fs");
  const others = required.filter((id) => !id.startsWith(".") && !isBuiltin(id));
  // The store's client tries these two, and works without them.
  expect(others.sort()).toEqual(["@node-rs/xxhash", "@opentelemetry/api"]);
});

test("the packages in the programs are known, with their licences", async () => {
  const packages = await bundledPackages();
  expect(packages).toEqual(imported);
  const text = await licenceTexts(packages);
  const titles = [...text.matchAll(/^=+\n(.+)\n=+$/gm)].map(([, title]) => title);
  expect(titles).toEqual(["Sesame", ...packages]);
});

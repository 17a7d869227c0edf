import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Runtime } from "./runtime.ts";
import { fetchRuntime } from "./runtime.ts";

const root = join(import.meta.dirname, "..");

/** What koffi's addon has in it besides its own code: folders of its package. */
const vendored = ["vendor/node-addon-api", "vendor/node-api-headers"];

type NamedText = readonly [name: string, text: string];

/**
 * Returns the licences, word for word, of all that is in a package: Sesame, npm packages, and Node. `runtime` is that
 * of Linux, which has its licence; `undefined` means that no Node is in the package.
 */
export async function licenceTexts(
  packages: readonly string[],
  runtime?: Runtime,
): Promise<string> {
  const ours: NamedText = ["Sesame", await readFile(join(root, "LICENSE"), "utf8")];
  const folders = packages.map((name) => `node_modules/${name}`);
  if (packages.includes("koffi")) {
    folders.push(...vendored.map((folder) => `node_modules/koffi/${folder}`));
  }
  const theirs = await Promise.all(
    folders.map(
      async (folder): Promise<NamedText> => [
        folder.replace("node_modules/", ""),
        await licenceIn(folder),
      ],
    ),
  );
  const node = runtime === undefined ? [] : [await nodeLicence(runtime)];
  const rule = "=".repeat(80);
  return [ours, ...theirs, ...node]
    .map(([name, text]) => `${rule}\n${name}\n${rule}\n\n${text.trim()}\n`)
    .join("\n");
}

async function nodeLicence(runtime: Runtime): Promise<NamedText> {
  const text = await readFile(await fetchRuntime(runtime, "LICENSE"), "utf8");
  return ["Node.js, and what is in it", text];
}

async function licenceIn(folder: string): Promise<string> {
  const path = join(root, folder);
  const names = existsSync(path) ? await readdir(path) : [];
  const name = names.find((one) => /^licen[cs]e/i.test(one));
  return name === undefined ? await namedLicence(folder) : await readFile(join(path, name), "utf8");
}

/** The text of the licence that a package names without having a copy: MIT alone, which is also ours. */
async function namedLicence(folder: string): Promise<string> {
  const file = await readFile(join(root, folder, "package.json"), "utf8").catch(() => "{}");
  const { name, license, repository } = JSON.parse(file);
  if (license !== "MIT") throw new Error(`${folder} has no licence`);
  const holders = `Copyright (c) the authors of ${name}, ${repository?.url ?? repository}`;
  const text = await readFile(join(root, "LICENSE"), "utf8");
  return text.replace(/^Copyright .*$/m, holders);
}

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact } from "./bill.ts";
import { billOfMaterials } from "./bill.ts";

export const releaseFolder: string = join(import.meta.dirname, "../release");

const sumsFile = "SHA256SUMS";

/** Returns the path of a file of the release. */
export function releaseFile(name: string): string {
  return join(releaseFolder, name);
}

/** Returns the name of the file of the bill of materials. */
export function billFile(version: string): string {
  return `sesame-knock-${version}.spdx.json`;
}

/**
 * Makes the folder of the release ready. `current` are all names of files with the version in it. The folder holds one
 * version: if it has such a file of another, it is emptied.
 */
export async function openRelease(
  current: readonly string[],
  folder: string = releaseFolder,
): Promise<void> {
  const names = await namesIn(folder);
  const isOther = names.some((name) => name.startsWith("sesame-knock") && !current.includes(name));
  if (isOther) await rm(folder, { recursive: true });
  await mkdir(folder, { recursive: true });
}

/** Removes what `writeNotices` has written, if a file that has a sum is another now, or missing. */
export async function removeFalseNotices(folder: string = releaseFolder): Promise<void> {
  const names = await namesIn(folder);
  if (names.includes(sumsFile) && (await holds(folder))) return;
  const notices = names.filter(
    (name) => /^LICENCES-|\.spdx\.json$/.test(name) || name === sumsFile,
  );
  for (const name of notices) await rm(join(folder, name));
}

/** Writes the licences of what is in the release, its bill of materials, and the sums of its files. */
export async function writeNotices(
  artifacts: readonly Artifact[],
  licences: Readonly<Record<string, string>>,
  version: string,
  time: number,
): Promise<void> {
  const bill = await billOfMaterials(artifacts, version, time);
  const texts = {
    ...licences,
    [billFile(version)]: `${JSON.stringify(bill, null, 2)}\n`,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(releaseFile(name), text);
  const entries = await readdir(releaseFolder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(releaseFolder.length + 1))
    .sort();
  const lines = files.map(async (name) => `${await sum(releaseFile(name))}  ${name}\n`);
  await writeFile(releaseFile(sumsFile), (await Promise.all(lines)).join(""));
}

/** Whether each file in the list of sums is what it was. */
async function holds(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, sumsFile), "utf8");
  for (const line of text.trimEnd().split("\n")) {
    const [expected = "", name = ""] = line.split("  ");
    const file = join(folder, name);
    if (!existsSync(file) || (await sum(file)) !== expected) return false;
  }
  return true;
}

async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? await readdir(folder) : [];
}

async function sum(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

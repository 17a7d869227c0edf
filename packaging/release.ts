import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Artifact } from "./bill.ts";
import { billOfMaterials } from "./bill.ts";

export const releaseFolder: string = join(import.meta.dirname, "../release");

/** Returns the path of a file of the release. */
export function releaseFile(name: string): string {
  return join(releaseFolder, name);
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
    [`sesame-knock-${version}.spdx.json`]: `${JSON.stringify(bill, null, 2)}\n`,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(releaseFile(name), text);
  const entries = await readdir(releaseFolder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(releaseFolder.length + 1))
    .sort();
  await writeFile(releaseFile("SHA256SUMS"), (await Promise.all(files.map(sum))).join(""));
}

async function sum(name: string): Promise<string> {
  const content = await readFile(releaseFile(name));
  return `${createHash("sha256").update(content).digest("hex")}  ${name}\n`;
}

import { execFile } from "node:child_process";
import { readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { packagesOf } from "./bundle.ts";
import { licenceTexts } from "./licences.ts";
import { withStaging } from "./staging.ts";
import { Tree } from "./tree.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const programs = join(root, "dist");

/** The name of the file of the npm package. */
export function npmFile(version: string): string {
  return `sesame-knock-${version}.tgz`;
}

/**
 * Writes the npm package of what `npm run build` has made. The same input makes the same bytes. Returns the
 * npm packages in it.
 */
export async function writeNpmPackage(file: string): Promise<readonly string[]> {
  const pack = async (...words: string[]) =>
    (await run("npm", ["pack", "--ignore-scripts", "--loglevel", "error", ...words])).stdout;
  const packages = await bundledPackages();
  await withStaging(async (staging) => {
    // npm packs files with the modes that they have, which the umask of the clone decides.
    const tree = new Tree(join(staging, "tree"));
    const [contents] = JSON.parse(await pack("--dry-run", "--json", root));
    for (const { path } of contents.files) {
      const isProgram = ((await stat(join(root, path))).mode & 0o100) !== 0;
      await tree.copy(join(root, path), path, isProgram ? 0o755 : 0o644);
    }
    await tree.write("LICENCES", await licenceTexts(packages));
    // It says what it contains, and at the end its name.
    const said = await pack("--pack-destination", staging, tree.root);
    await rename(join(staging, said.trim().split("\n").at(-1) ?? ""), file);
  });
  return packages;
}

/** Returns the names of the npm packages in the programs of `npm run build`, by the programs' source maps. */
export async function bundledPackages(): Promise<string[]> {
  const names = await readdir(programs, { recursive: true });
  const maps = names.filter((name) => name.endsWith(".map")).map((name) => join(programs, name));
  const sources = maps.map(async (map): Promise<string[]> => {
    const { sources } = JSON.parse(await readFile(map, "utf8"));
    return sources.map((source: string) => relative(root, join(dirname(map), source)));
  });
  return packagesOf((await Promise.all(sources)).flat());
}

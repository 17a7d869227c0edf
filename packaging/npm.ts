import { execFile } from "node:child_process";
import { readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withStaging } from "./staging.ts";
import { Tree } from "./tree.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** The name of the file of the npm package. */
export function npmFile(version: string): string {
  return `sesame-knock-${version}.tgz`;
}

/**
 * Writes the npm package of what `npm run build` has made. The same input makes the same bytes. Returns the
 * npm packages that it needs.
 */
export async function writeNpmPackage(file: string): Promise<readonly string[]> {
  const pack = async (...words: string[]) =>
    (await run("npm", ["pack", "--ignore-scripts", "--loglevel", "error", ...words])).stdout;
  await withStaging(async (staging) => {
    // npm packs files with the modes that they have, which the umask of the clone decides.
    const tree = new Tree(join(staging, "tree"));
    const [contents] = JSON.parse(await pack("--dry-run", "--json", root));
    for (const { path } of contents.files) {
      const isProgram = ((await stat(join(root, path))).mode & 0o100) !== 0;
      await tree.copy(join(root, path), path, isProgram ? 0o755 : 0o644);
    }
    // It says what it contains, and at the end its name.
    const said = await pack("--pack-destination", staging, tree.root);
    await rename(join(staging, said.trim().split("\n").at(-1) ?? ""), file);
  });
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return Object.keys(dependencies).sort();
}

import { execFile } from "node:child_process";
import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** The name of the file of the npm package. */
export function npmFile(version: string): string {
  return `sesame-knock-${version}.tgz`;
}

/** Writes the npm package of what `npm run build` has made. Returns the npm packages that it needs. */
export async function writeNpmPackage(file: string): Promise<readonly string[]> {
  const folder = dirname(file);
  // It says what it contains, and at the end its name.
  const options = ["--ignore-scripts", "--loglevel", "error", "--pack-destination", folder];
  const { stdout } = await run("npm", ["pack", ...options], { cwd: root });
  await rename(join(folder, stdout.trim().split("\n").at(-1) ?? ""), file);
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return Object.keys(dependencies).sort();
}

import type { ExecFileException } from "node:child_process";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fetchRuntime, makerFor } from "./runtime.ts";

const run = promisify(execFile);
const cache = join(import.meta.dirname, "../node_modules/.cache/code-caches");
const privately = join(import.meta.dirname, "../scripts/private");

/** The program that makes a code cache. */
export const trainer: string = join(import.meta.dirname, "code-cache-trainer.ts");

/** What decides what is in a code cache. */
export interface CodeCacheParts {
  /** The sum of the Node that makes it. */
  readonly node: string;
  /** The options with which the program runs, or V8 refuses the cache. */
  readonly nodeOptions: readonly string[];
  /** What V8 compiles. */
  readonly text: string;
  /** The trainer, which decides how much of the text V8 compiles. */
  readonly trainerFile?: string;
}

/**
 * Returns V8's code cache of a program: what V8 has compiled of it until it does its work. Returns `undefined`
 * where there can be no private world, in which the program runs. The same parts give the same cache, which is made once.
 *
 * `text` is what V8 compiles, `folder` has the addon.
 */
export async function makeCodeCache(
  name: string,
  text: string,
  folder: string,
  nodeOptions: readonly string[],
): Promise<Uint8Array | undefined> {
  const maker = makerFor("linux");
  const key = await codeCacheKey({ node: maker.integrity, nodeOptions, text });
  const ready = join(cache, `${name}-${key}`);
  if (!existsSync(ready)) {
    await mkdir(cache, { recursive: true });
    const staging = await mkdtemp(join(cache, "new-"));
    try {
      await writeFile(join(staging, "text"), text);
      const node = await fetchRuntime(maker);
      const words = [...nodeOptions, trainer, name, staging, join(folder, "sesame")];
      await run(privately, [node, ...words], { timeout: 60_000 });
      await rename(join(staging, "cache"), ready);
    } catch (error) {
      // There can be no private world here, in which the program could run.
      if ((error as ExecFileException).code === 77) return undefined;
      throw error;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  return await readFile(ready);
}

/** Returns the name by which a code cache of these parts is found again. */
export async function codeCacheKey(parts: CodeCacheParts): Promise<string> {
  const { node, nodeOptions, text, trainerFile = trainer } = parts;
  const key = createHash("sha256");
  for (const part of [node, ...nodeOptions, text, await readFile(trainerFile)]) {
    key.update(part).update("\0");
  }
  return key.digest("hex");
}

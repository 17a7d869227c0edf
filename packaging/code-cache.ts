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
const trainer = join(import.meta.dirname, "code-cache-trainer.ts");

/**
 * Returns V8's code cache of a program: what V8 has compiled of it until it does its work. Returns `undefined`
 * where there can be no private world, in which the program runs. The same Node and the same program give the same cache, which is made once.
 *
 * `folder` has the addon; `nodeOptions` must be those with which the program runs, or V8 refuses the cache.
 */
export async function makeCodeCache(
  name: string,
  code: string,
  folder: string,
  nodeOptions: readonly string[],
): Promise<Uint8Array | undefined> {
  const maker = makerFor("linux");
  const key = createHash("sha256");
  for (const part of [maker.integrity, ...nodeOptions, code]) key.update(part).update("\0");
  const ready = join(cache, `${name}-${key.digest("hex")}`);
  if (!existsSync(ready)) {
    await mkdir(cache, { recursive: true });
    const staging = await mkdtemp(join(cache, "new-"));
    try {
      await writeFile(join(staging, "code"), code);
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

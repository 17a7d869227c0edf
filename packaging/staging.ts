import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../node_modules/.cache");

/** Runs an action with a new folder of its own in `parent`, which is removed afterwards. */
export async function withStaging<T>(
  action: (folder: string) => Promise<T>,
  parent: string = cache,
): Promise<T> {
  // `npm ci` removes the cache.
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "package-"));
  try {
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

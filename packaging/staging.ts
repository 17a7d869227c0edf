import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../node_modules/.cache");

/** Runs an action with a new folder of its own, which is removed afterwards. */
export async function withStaging<T>(action: (folder: string) => Promise<T>): Promise<T> {
  // `npm ci` removes it.
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "package-"));
  try {
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

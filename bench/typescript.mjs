// `node --import ./bench/typescript.mjs FILE.ts`: runs TypeScript where it stands, also on Node.js 20,
// which cannot strip types by itself.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

// Node loads this file once more, in the thread of its module hooks.
if (isMainThread) register(import.meta.url);

/**
 * A module hook: https://nodejs.org/api/module.html#loadurl-context-nextload
 * @type {import("node:module").LoadHook}
 */
export async function load(url, context, nextLoad) {
  if (!url.endsWith(".ts")) return await nextLoad(url, context);
  const { transform } = await import("esbuild");
  const { code } = await transform(await readFile(new URL(url), "utf8"), {
    loader: "ts",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    sourcefile: url,
  });
  return { format: "module", source: code, shortCircuit: true };
}

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** Runs the function first thing in a program: how many threads it adds, and what the variable is then. */
async function enlargedIn(env: NodeJS.ProcessEnv): Promise<unknown> {
  // Loading modules one by one would use the pool before.
  const { outputFiles } = await build({
    ...{ entryPoints: [join(import.meta.dirname, "thread-pool.ts")], bundle: true, write: false },
    ...{ platform: "node", format: "iife", globalName: "pool" },
    footer: {
      js: `
        const threads = () => require("node:fs").readdirSync("/proc/self/task").length;
        const before = threads();
        pool.enlargeThreadPool();
        console.log(JSON.stringify([threads() - before, process.env.UV_THREADPOOL_SIZE ?? ""]));
      `,
    },
  });
  const script = outputFiles[0]?.text ?? "";
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

test("the pool has 8 threads, and programs that are started do not know of it", async () => {
  expect(await enlargedIn({})).toEqual([8, ""]);
});

test("the administrator's size counts", async () => {
  expect(await enlargedIn({ UV_THREADPOOL_SIZE: "3" })).toEqual([0, "3"]);
});

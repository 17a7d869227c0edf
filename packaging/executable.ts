import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { withoutSignature } from "./portable-executable.ts";
import type { Runtime } from "./runtime.ts";
import { fetchRuntime } from "./runtime.ts";
import { withStaging } from "./staging.ts";

const run = promisify(execFile);
const postject = createRequire(import.meta.url).resolve("postject/dist/cli.js");
const cache = join(import.meta.dirname, "../node_modules/.cache/executables");

/** Node looks for this text, and sees by the figure behind it whether it has a program in it. */
const sentinelFuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** A program that is to become one executable. */
export interface ExecutableParts {
  readonly file: string;
  /** A CommonJS program. */
  readonly main: string;
  readonly runtime: Runtime;
  /** The same version of Node for this machine. */
  readonly maker: Runtime;
  /** The tool that strips the runtime, if it can be stripped. */
  readonly strip?: string;
  /** What the program can ask Node for, by name. */
  readonly assets?: Readonly<Record<string, string | Uint8Array>>;
  /** More of Node's settings for such a program. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * Writes one executable that is a runtime and a program.
 * https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
 */
export async function writeExecutable(parts: ExecutableParts): Promise<void> {
  const { file, main, runtime, maker, strip, assets = {}, settings = {} } = parts;
  const blob = await makeBlob(main, await fetchRuntime(maker), assets, settings);
  // Putting it in takes many seconds: what was made of the same parts before is taken again.
  const key = createHash("sha256").update(runtime.integrity).update(blob).digest("hex");
  const ready = join(cache, `${runtime.package}-${key}`);
  if (!existsSync(ready)) {
    await mkdir(cache, { recursive: true });
    await forget(`${runtime.package}-`);
    await assemble(ready, blob, await fetchRuntime(runtime), strip);
  }
  await mkdir(dirname(file), { recursive: true });
  await copyFile(ready, file);
}

/** Each is as large as Node itself: of a kind only the latest is kept. */
async function forget(prefix: string): Promise<void> {
  const old = (await readdir(cache)).filter((name) => name.startsWith(prefix));
  await Promise.all(old.map((name) => rm(join(cache, name), { force: true })));
}

async function assemble(
  file: string,
  blob: Uint8Array,
  runtime: string,
  strip: string | undefined,
): Promise<void> {
  await withStaging(async (staging) => {
    const executable = join(staging, "executable");
    if (strip === undefined) {
      await writeFile(executable, withoutSignature(await readFile(runtime)), { mode: 0o755 });
    } else {
      // Its symbols are an eighth of it. Afterwards it would be too late: strip breaks what is put in.
      await run(strip, ["--strip-all", "-o", executable, runtime]);
    }
    await writeFile(join(staging, "blob"), blob);
    // In a process of its own, for it warns of sections without a name, which do no harm.
    const section = [executable, "NODE_SEA_BLOB", join(staging, "blob")];
    await run(process.execPath, [postject, ...section, "--sentinel-fuse", sentinelFuse]);
    await rename(executable, file);
  });
}

/** The form in which Node wants a program that it is to carry. */
async function makeBlob(
  main: string,
  node: string,
  assets: Readonly<Record<string, string | Uint8Array>>,
  settings: Readonly<Record<string, unknown>>,
): Promise<Buffer> {
  return await withStaging(async (staging) => {
    const files = { main: "main.cjs", output: "blob" };
    const names = Object.entries(assets).map(([name, content], i) => ({
      name,
      content,
      file: `asset${i}`,
    }));
    for (const { file, content } of names) await writeFile(join(staging, file), content);
    const config = {
      ...files,
      disableExperimentalSEAWarning: true,
      assets: Object.fromEntries(names.map(({ name, file }) => [name, file])),
      ...settings,
    };
    await writeFile(join(staging, "main.cjs"), main);
    await writeFile(join(staging, "sea.json"), JSON.stringify(config));
    await run(node, ["--experimental-sea-config", "sea.json"], { cwd: staging });
    return await readFile(join(staging, "blob"));
  });
}

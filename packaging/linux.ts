import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";
import { writeExecutable } from "./executable.ts";
import { runtimes } from "./runtime.ts";

const run = promisify(execFile);
const addon = "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node";
/** What NODE_OPTIONS says is for the Node of whoever set it. */
const settings = { execArgvExtension: "none" };
const root = join(import.meta.dirname, "..");

/** What is put into a package for Linux. */
export interface PackageParts {
  /** The folder of the executables. */
  readonly programs: string;
  /** The texts of all licences. */
  readonly licences: string;
  readonly version: string;
  /** The age of every file: seconds. */
  readonly time: number;
}

/**
 * Writes into `folder` what runs on Linux on x64 without a Node of its own: `sesame`, the three programs
 * in one, and the addon beside it. Returns the npm packages that are in them.
 */
export async function writeLinux(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const alias = { koffi: "./packaging/koffi.ts" };
  const { code, packages } = await bundle('import "./packaging/multi-call.ts";', alias);
  await writeExecutable(join(folder, "sesame"), code, runtimes.linux, runtimes.linux, settings);
  const copy = ["--strip-unneeded", "-o", join(folder, "koffi.node"), join(root, addon)];
  await run("strip", copy);
  return [...packages, "koffi"].sort();
}

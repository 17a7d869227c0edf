import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "./bundle.mjs";
import { writeExecutable } from "./executable.mjs";
import { runtimes } from "./runtime.mjs";

const run = promisify(execFile);
const addon = "node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node";
/** What NODE_OPTIONS says is for the Node of whoever set it. */
const settings = { execArgvExtension: "none" };
const root = join(import.meta.dirname, "..");

/**
 * Writes into `folder` what runs on Linux on x64 without a Node of its own: `sesame`, the three programs
 * in one, and the addon beside it. Returns the npm packages that are in them.
 */
export async function writeLinux(folder) {
  await mkdir(folder, { recursive: true });
  const alias = { koffi: "./packaging/koffi.mjs" };
  const { code, packages } = await bundle('import "./packaging/multi-call.mjs";', alias);
  await writeExecutable(join(folder, "sesame"), code, runtimes.linux, runtimes.linux, settings);
  const copy = ["--strip-unneeded", "-o", join(folder, "koffi.node"), join(root, addon)];
  await run("strip", copy);
  return [...packages, "koffi"].sort();
}

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Architecture } from "./architecture.ts";
import { ownArchitecture } from "./architecture.ts";
import { bundle } from "./bundle.ts";
import { makeCodeCache } from "./code-cache.ts";
import { writeExecutable } from "./executable.ts";
import { cachedPrograms, codeCacheOf, libraries, programs, scriptText } from "./programs.ts";
import { fetchFile, linuxRuntimes, makerFor } from "./runtime.ts";
import type { Tree } from "./tree.ts";
import type { Compression } from "./xz.ts";

const run = promisify(execFile);
/**
 * Node's options, as in bin/knockd: V8 has one thread, which at rest wakes up for each collection. With none
 * (--single-threaded) V8 refuses the code caches of Node's own modules, and starts take 20 ms more. NODE_OPTIONS is for
 * the user's own Node.
 */
const nodeOptions = ["--v8-pool-size=1", "--no-memory-reducer"];
const settings = { execArgv: nodeOptions, execArgvExtension: "none" };
const root = join(import.meta.dirname, "..");

/** The units of systemd. */
export const units = ["knockd.service", "sesame-protect.service"];

/** Puts what makes the units run without root into a tree. */
export async function addServiceUser(tree: Tree, script: string): Promise<void> {
  await tree.write("usr/lib/sesame-knock/service-user", script, 0o755);
  for (const part of ["knockd-user.conf", "sesame-protect-user.conf"]) {
    await tree.copy(join(import.meta.dirname, part), `usr/share/sesame-knock/${part}`);
  }
}

/** What the name of a package for Linux says. */
export interface PackageTarget {
  readonly architecture: Architecture;
  readonly version: string;
}

/** What is put into a package for Linux. */
export interface PackageParts extends PackageTarget {
  /** The folder of the executables. */
  readonly programs: string;
  /** The texts of all licences. */
  readonly licences: string;
  /** The age of every file: seconds. */
  readonly time: number;
  readonly compression: Compression;
}

/**
 * Writes into `folder` what runs on Linux without a Node of its own: `sesame`, the three programs in
 * one, and the addon beside it. Returns the npm packages that are in them.
 */
export async function writeLinux(folder: string, architecture: Architecture): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const { code } = await bundle('import "./packaging/multi-call.ts";');
  await copyAddon(join(folder, "koffi.node"), architecture);
  const assets: Record<string, string | Uint8Array> = {};
  const packages = new Set(["koffi"]);
  const external = Object.keys(libraries);
  for (const [name, module] of Object.entries({ ...programs, ...libraries })) {
    const bundled = await bundle(`module.exports = require("./${module}");`, { external });
    assets[name] = bundled.code;
    for (const one of bundled.packages) packages.add(one);
    if (!cachedPrograms.includes(name)) continue;
    // One for another processor cannot be made here.
    const isOwn = architecture === ownArchitecture;
    const text = scriptText(bundled.code);
    const cache = isOwn ? await makeCodeCache(name, text, folder, nodeOptions) : undefined;
    assets[codeCacheOf(name)] = cache ?? new Uint8Array();
  }
  await writeExecutable({
    file: join(folder, "sesame"),
    main: code,
    assets,
    runtime: linuxRuntimes[architecture.node],
    maker: makerFor("linux"),
    strip: architecture.strip,
    settings,
  });
  return [...packages].sort();
}

/** Puts the executables into a tree, below `prefix`, with a link for each program. */
export async function addPrograms(tree: Tree, programs: string, prefix: string): Promise<void> {
  const folder = `${prefix}/lib/sesame-knock`;
  await tree.copy(join(programs, "sesame"), `${folder}/sesame`, 0o755);
  await tree.copy(join(programs, "koffi.node"), `${folder}/koffi.node`);
  for (const link of ["bin/knock", "bin/knockctl", "sbin/knockd"]) {
    await tree.link("../lib/sesame-knock/sesame", `${prefix}/${link}`);
  }
}

async function copyAddon(file: string, architecture: Architecture): Promise<void> {
  const addon = await findAddon(architecture);
  await run(architecture.strip, ["--strip-unneeded", "-o", file, addon]);
}

/** Returns the path of koffi's addon. npm installs that of this machine; the other is fetched. */
async function findAddon({ node }: Architecture): Promise<string> {
  const name = `@koromix/koffi-linux-${node}`;
  const file = `linux_${node}/koffi.node`;
  const installed = join(root, "node_modules", name, file);
  if (existsSync(installed)) return installed;
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  return await fetchFile(`${name}@${version}`, integrity.replace(/^sha512-/, ""), file);
}

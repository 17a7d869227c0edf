// Makes release/: the Debian package, the tarball for Linux, knock.exe, the licences and the bill of
// materials of what is in them, and SHA256SUMS. Exits with 77 and the reason where its parts cannot be
// had, with 1 for all that goes wrong besides.
//
//   node --import ./bench/typescript.mjs packaging/package.ts          all
//   node --import ./bench/typescript.mjs packaging/package.ts --deb    only the Debian package

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import type { Artifact } from "./bill.ts";
import { billOfMaterials } from "./bill.ts";
import { bundle } from "./bundle.ts";
import { debianFile, writeDebian } from "./debian.ts";
import { writeExecutable } from "./executable.ts";
import { licenceTexts } from "./licences.ts";
import { writeLinux } from "./linux.ts";
import { runtimes, Unavailable } from "./runtime.ts";
import { writeTarball } from "./tarball.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const release = join(root, "release");
const { linux, windows, windowsMaker } = runtimes;

try {
  await make(process.argv[2] === "--deb");
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof Unavailable ? 77 : 1;
}

async function make(onlyDebian: boolean): Promise<void> {
  // Where koffi's addon for the packages is installed, and the runtime that is put into them runs.
  if (`${process.platform}-${process.arch}` !== "linux-x64") {
    throw new Unavailable("packages are made on Linux on x64");
  }
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const time = await age();
  const artifacts: Artifact[] = [];
  const done = async (artifact: Artifact) => {
    artifacts.push(artifact);
    const { size } = await stat(artifact.file);
    console.log(`${relative(root, artifact.file)}: ${(size / 2 ** 20).toFixed(1)} MiB`);
  };

  if (!onlyDebian) await rm(release, { recursive: true, force: true });
  await mkdir(release, { recursive: true });
  const programs = join(root, "node_modules/.cache/linux");
  await rm(programs, { recursive: true, force: true });
  const packages = await writeLinux(programs);
  const parts = { programs, version, time, licences: await licenceTexts(packages, linux) };

  const deb = join(release, debianFile(version));
  await writeDebian(deb, parts);
  await done({ file: deb, packages, runtime: linux, maker: linux });
  if (onlyDebian) return;

  const tarball = join(release, `sesame-knock-${version}-linux-x64.tar.xz`);
  await writeTarball(tarball, parts);
  await done({ file: tarball, packages, runtime: linux, maker: linux });

  const exe = join(release, "knock.exe");
  const { code, packages: inExe } = await bundle('import "./src/cli/main/knock.ts";');
  await writeExecutable(exe, code, windows, windowsMaker);
  await done({ file: exe, packages: inExe, runtime: windows, maker: windowsMaker });

  const texts: Record<string, string> = {
    "LICENCES-linux.txt": parts.licences,
    "LICENCES-knock.exe.txt": await licenceTexts(inExe, windowsMaker),
  };
  const bill = await billOfMaterials(artifacts, version, time);
  texts[`sesame-knock-${version}.spdx.json`] = `${JSON.stringify(bill, null, 2)}\n`;
  for (const [name, text] of Object.entries(texts)) await writeFile(join(release, name), text);

  const files = [...artifacts.map(({ file }) => basename(file)), ...Object.keys(texts)].sort();
  const sums = await Promise.all(files.map(sum));
  await writeFile(join(release, "SHA256SUMS"), sums.join(""));
  console.log("release/SHA256SUMS: sha256sum -c SHA256SUMS");
}

/** When what is packed was last changed, in seconds: two builds of one commit are of one age. */
async function age(): Promise<number> {
  const given = Number(process.env["SOURCE_DATE_EPOCH"]);
  if (given > 0) return given;
  try {
    const { stdout } = await run("git", ["log", "-1", "--format=%ct"], { cwd: root });
    return Number(stdout);
  } catch {
    // Not from a repository.
    return Math.floor((await stat(join(root, "package.json"))).mtimeMs / 1000);
  }
}

async function sum(name: string): Promise<string> {
  const content = await readFile(join(release, name));
  return `${createHash("sha256").update(content).digest("hex")}  ${name}\n`;
}

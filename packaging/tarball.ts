import { execFile } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { addDocuments } from "./documents.ts";
import type { PackageParts, PackageTarget } from "./linux.ts";
import { addPrograms, units } from "./linux.ts";
import { addManuals } from "./manuals.ts";
import { withStaging } from "./staging.ts";
import { Tree } from "./tree.ts";
import { compress } from "./xz.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** The name of the file of the tarball. */
export function tarballFile(target: PackageTarget): string {
  return `${folderOf(target)}.tar.xz`;
}

function folderOf({ version, architecture }: PackageTarget): string {
  return `sesame-knock-${version}-linux-${architecture.node}`;
}

/**
 * Writes the tarball for any Linux on one processor: one folder with the programs, manual pages, units and
 * documents.
 */
export async function writeTarball(file: string, parts: PackageParts): Promise<void> {
  const { architecture, programs, licences, time } = parts;
  const folder = folderOf(parts);
  await withStaging(async (staging) => {
    const tree = new Tree(staging);
    const put = (name: string) => `${folder}/${name}`;
    await addPrograms(tree, programs, folder);
    for (const unit of units) {
      await tree.copy(join(import.meta.dirname, unit), put(`systemd/${unit}`));
    }
    await tree.copy(join(import.meta.dirname, "debian/knockd.conf"), put("etc/knockd.conf"), 0o600);
    await addManuals(tree, put("share"));
    await tree.write(put("README"), await readme());
    await tree.write(put("LICENCES"), licences);
    await addDocuments(tree, folder);
    for (const name of ["CHANGELOG.md", "LICENSE"]) {
      await tree.copy(join(root, name), put(name));
    }
    await tree.settle(time);
    const tar = join(staging, `${folder}.tar`);
    const owner = ["--owner=0", "--group=0", "--numeric-owner"];
    const order = ["--sort=name", `--mtime=@${time}`, "--format=gnu"];
    await run("tar", ["-cf", tar, ...owner, ...order, "-C", staging, folder]);
    await compress(tar, architecture);
    await copyFile(`${tar}.xz`, file);
  });
}

async function readme(): Promise<string> {
  return await readFile(join(import.meta.dirname, "README.tarball"), "utf8");
}

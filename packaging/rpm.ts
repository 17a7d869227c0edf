import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { assembleScript } from "./debian.ts";
import { addDocuments } from "./documents.ts";
import type { PackageParts, PackageTarget } from "./linux.ts";
import { addPrograms, addServiceUser, units } from "./linux.ts";
import { addManuals } from "./manuals.ts";
import { withStaging } from "./staging.ts";
import { Tree } from "./tree.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const debian = join(import.meta.dirname, "debian");
const spec = join(import.meta.dirname, "rpm/sesame-knock.spec");

/** The name of the file of the package for Red Hat's relatives. */
export function rpmFile({ version, architecture }: PackageTarget): string {
  return `sesame-knock-${version}-1.${architecture.rpm}.rpm`;
}

/** Writes the package for Fedora, RHEL and their relatives. The same input makes the same bytes. */
export async function writeRpm(file: string, parts: PackageParts): Promise<void> {
  const { architecture, version, time, compression } = parts;
  await withStaging(async (staging) => {
    const tree = new Tree(join(staging, "tree"));
    await mkdir(tree.root);
    await fill(tree, parts);
    await tree.settle(time);
    const defines = {
      tree: tree.root,
      sesame_version: version,
      _topdir: join(staging, "top"),
      _buildhost: "localhost",
      // One thread: the number of threads decides how it is cut into blocks.
      _binary_payload: compression === "best" ? "w9.xzdio" : "w.ufdio",
      use_source_date_epoch_as_buildtime: "1",
      clamp_mtime_to_source_date_epoch: "1",
    };
    const macros = Object.entries(defines).flatMap(([name, value]) => [
      "--define",
      `${name} ${value}`,
    ]);
    const env = { ...process.env, HOME: staging, SOURCE_DATE_EPOCH: `${time}` };
    const target = ["--target", `${architecture.rpm}-linux`];
    await writeFile(join(staging, ".rpmmacros"), "");
    await run("rpmbuild", ["-bb", "--quiet", ...target, ...macros, spec], { env });
    await copyFile(join(staging, "top/RPMS", architecture.rpm, rpmFile(parts)), file);
    // rpmbuild takes no folder with a space in its path, which the clone may have.
  }, tmpdir());
}

async function fill(tree: Tree, { programs, licences }: PackageParts): Promise<void> {
  await addPrograms(tree, programs, "usr");
  for (const unit of units) {
    await tree.copy(join(import.meta.dirname, unit), `usr/lib/systemd/system/${unit}`);
  }
  await tree.copy(join(debian, "knockd.conf"), "etc/knockd.conf", 0o600);
  await tree.copy(join(debian, "default"), "etc/default/knockd");
  await tree.copy(join(debian, "logrotate"), "etc/logrotate.d/knockd");
  await addServiceUser(tree, await assembleScript("service-user"));
  await addManuals(tree, "usr/share", { zsh: "site-functions" });
  await addDocuments(tree, "usr/share/doc/sesame-knock");
  await tree.copy(join(root, "CHANGELOG.md"), "usr/share/doc/sesame-knock/CHANGELOG.md");
  await tree.copy(join(root, "LICENSE"), "usr/share/licenses/sesame-knock/LICENSE");
  await tree.write("usr/share/licenses/sesame-knock/LICENCES", licences);
}

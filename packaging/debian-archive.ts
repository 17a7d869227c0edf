import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ArchiveMember } from "./ar.ts";
import { formatArchive, readArchive } from "./ar.ts";
import type { Architecture } from "./architecture.ts";
import { withStaging } from "./staging.ts";
import { Tree } from "./tree.ts";
import type { Compression } from "./xz.ts";
import { compress } from "./xz.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

const maintainer = "The Sesame authors <maintainers@users.noreply.r-seed-69109f37.example>";

/** What a Debian package says of itself, and its files. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** The processor; `undefined`: all. */
  readonly architecture?: Architecture;
  /** The fields of its control file after these, and the description: whole lines. */
  readonly fields: string;
  /** Files that dpkg leaves as the administrator edited them. */
  readonly conffiles?: readonly string[];
  /** More files of DEBIAN, by name, with their modes. */
  readonly control?: Readonly<Record<string, readonly [text: string, mode: number]>>;
  /** The age of every file: seconds. */
  readonly time: number;
  readonly compression: Compression;
  /** Puts the files of the package into a tree. */
  readonly fill: (tree: Tree) => Promise<void>;
}

/** The name of the file of a Debian package. */
export function debianFile(name: string, version: string, architecture: string): string {
  return `${name}_${version}_${architecture}.deb`;
}

/** Writes a Debian package. The same input makes the same bytes. */
export async function writeDebianArchive(file: string, described: DebianPackage): Promise<void> {
  const { time, architecture, compression } = described;
  await withStaging(async (staging) => {
    const tree = new Tree(join(staging, "tree"));
    await described.fill(tree);
    await addCommonNotices(tree, described);
    await addControl(tree, described);
    await tree.settle(time);
    // dpkg-deb reads what `compress` makes, but cannot make it.
    const plain = join(staging, "plain.deb");
    const format = ["--root-owner-group", "-Znone"];
    const env = { ...process.env, SOURCE_DATE_EPOCH: `${time}` };
    await run("dpkg-deb", [...format, "--build", tree.root, plain], { env });
    const [version, control, data] = readArchive(await readFile(plain));
    if (version === undefined || control === undefined || data === undefined) {
      throw new Error("dpkg-deb has made no package");
    }
    const compressed = async ({ name, content }: ArchiveMember): Promise<ArchiveMember> => {
      await writeFile(join(staging, name), content);
      await compress(join(staging, name), architecture);
      return { name: `${name}.xz`, content: await readFile(join(staging, `${name}.xz`)) };
    };
    const files = compression === "none" ? data : await compressed(data);
    await writeFile(file, formatArchive([version, await compressed(control), files], time));
  });
}

async function addCommonNotices(tree: Tree, described: DebianPackage): Promise<void> {
  const folder = `usr/share/doc/${described.name}`;
  await tree.write(`${folder}/changelog`, changelog(described));
  await tree.copy(join(root, "CHANGELOG.md"), `${folder}/CHANGELOG.md`);
  for (const file of ["changelog", "CHANGELOG.md"]) await tree.gzip(`${folder}/${file}`);
}

async function addControl(tree: Tree, described: DebianPackage): Promise<void> {
  const { name, version, architecture, fields, conffiles = [], control = {} } = described;
  let bytes = 0;
  const sums: string[] = [];
  for (const file of await tree.files()) {
    // Links have no sum, and their size is nothing.
    if (await tree.isLink(file)) continue;
    const content = await readFile(tree.path(file));
    bytes += (await stat(tree.path(file))).size;
    if (conffiles.includes(file)) continue;
    sums.push(`${createHash("md5").update(content).digest("hex")}  ${file}\n`);
  }
  const processor = architecture?.debian ?? "all";
  const head = `Package: ${name}\nVersion: ${version}\nArchitecture: ${processor}\n`;
  const size = `Maintainer: ${maintainer}\nInstalled-Size: ${Math.ceil(bytes / 1024)}\n`;
  await tree.write("DEBIAN/control", `${head}${size}${fields}`);
  await tree.write("DEBIAN/md5sums", sums.join(""));
  if (conffiles.length > 0) {
    await tree.write("DEBIAN/conffiles", conffiles.map((path) => `/${path}\n`).join(""));
  }
  for (const [file, [text, mode]] of Object.entries(control)) {
    await tree.write(`DEBIAN/${file}`, text, mode);
  }
}

function changelog({ name, version, time }: DebianPackage): string {
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  return `${name} (${version}) unstable; urgency=medium

  * /usr/share/doc/${name}/CHANGELOG.md.gz says what has changed.

 -- ${maintainer}  ${date}
`;
}

/** Returns Debian's file of the licence. `comment` says what else is in the package. */
export async function copyright(comment?: string): Promise<string> {
  const licence = await readFile(join(root, "LICENSE"), "utf8");
  const body = licence.trim().split("\n").slice(4);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Sesame
${comment === undefined ? "" : `Comment: ${comment}\n`}
Files: *
Copyright: 2026 The Sesame authors
License: Expat

License: Expat
${body.map((line) => (line === "" ? " ." : ` ${line}`)).join("\n")}
`;
}

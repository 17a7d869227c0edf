import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { addDocuments } from "./documents.ts";
import type { PackageParts } from "./linux.ts";
import { addManuals } from "./manuals.ts";
import { Tree } from "./tree.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const sources = join(import.meta.dirname, "debian");

const name = "sesame-knock";
const maintainer = "The Sesame authors <maintainers@users.noreply.r-seed-69109f37.example>";

/** Files that dpkg leaves as the administrator edited them. */
const conffiles: Readonly<Record<string, readonly [source: string, mode: number]>> = {
  "etc/default/knockd": ["default", 0o644],
  "etc/init.d/knockd": ["init", 0o755],
  // Sequences are secrets.
  "etc/knockd.conf": ["knockd.conf", 0o600],
  "etc/logrotate.d/knockd": ["logrotate", 0o644],
};

/** Which Debian package is made: the name of its file. */
export function debianFile(version: string): string {
  return `${name}_${version}_amd64.deb`;
}

/**
 * Writes the Debian package. The same input makes the same bytes.
 */
export async function writeDebian(file: string, parts: PackageParts): Promise<void> {
  const { programs, licences, version, time } = parts;
  const staging = await mkdtemp(join(root, "node_modules/.cache/debian-package-"));
  try {
    const tree = new Tree(staging);
    await addPrograms(tree, programs);
    for (const [path, [source, mode]] of Object.entries(conffiles)) {
      await tree.write(path, await assemble(source), mode);
    }
    for (const unit of ["knockd.service", "sesame-protect.service"]) {
      await tree.copy(join(import.meta.dirname, unit), `usr/lib/systemd/system/${unit}`);
    }
    // postinst restores the one where dpkg removes it with the package that had it before, and knows by the
    // other whether dpkg has put ours in the place of a configuration that was there.
    const spare = `usr/share/${name}`;
    await tree.copy(join(import.meta.dirname, "knockd.service"), `${spare}/knockd.service`);
    await tree.copy(join(sources, "knockd.conf"), `${spare}/knockd.conf`);
    await addManuals(tree, "usr/share");
    await addDocuments(tree, `usr/share/doc/${name}`);
    await addNotices(tree, licences, version, time);
    await addControl(tree, version);
    await tree.settle(time);
    // The number of threads decides how it is cut into blocks.
    const format = ["--root-owner-group", "-Zxz", "--threads-max=2"];
    const env = { ...process.env, SOURCE_DATE_EPOCH: `${time}` };
    await run("dpkg-deb", [...format, "--build", staging, file], { env });
  } finally {
    await rm(staging, { recursive: true });
  }
}

/** A file of the folder debian; what several of its scripts begin with stands in options.sh. */
async function assemble(source: string): Promise<string> {
  const text = await readFile(join(sources, source), "utf8");
  const options = await readFile(join(sources, "options.sh"), "utf8");
  return text.replace("#OPTIONS#\n", () => options);
}

async function addPrograms(tree: Tree, programs: string): Promise<void> {
  await tree.copy(join(programs, "sesame"), `usr/lib/${name}/sesame`, 0o755);
  await tree.copy(join(programs, "koffi.node"), `usr/lib/${name}/koffi.node`);
  for (const link of ["usr/bin/knock", "usr/bin/knockctl", "usr/sbin/knockd"]) {
    await tree.link(`../lib/${name}/sesame`, link);
  }
}

async function addNotices(
  tree: Tree,
  licences: string,
  version: string,
  time: number,
): Promise<void> {
  const folder = `usr/share/doc/${name}`;
  const ours = await readFile(join(root, "LICENSE"), "utf8");
  await tree.write(`${folder}/copyright`, copyright(ours));
  await tree.write(`${folder}/licences`, licences);
  await tree.write(`${folder}/changelog`, changelog(version, time));
  await tree.copy(join(root, "CHANGELOG.md"), `${folder}/CHANGELOG.md`);
  await tree.copy(join(sources, "README.Debian"), `${folder}/README.Debian`);
  for (const file of ["licences", "changelog", "CHANGELOG.md"]) {
    await tree.gzip(`${folder}/${file}`);
  }
  await tree.copy(join(sources, "lintian-overrides"), `usr/share/lintian/overrides/${name}`);
}

async function addControl(tree: Tree, version: string): Promise<void> {
  const files = await tree.files();
  let bytes = 0;
  const sums: string[] = [];
  for (const file of files) {
    // Links have no sum, and their size is nothing.
    const content = await readFile(tree.path(file)).catch(() => undefined);
    const linked = file.startsWith("usr/bin/") || file.startsWith("usr/sbin/");
    if (content === undefined || linked) continue;
    bytes += (await stat(tree.path(file))).size;
    if (file in conffiles) continue;
    sums.push(`${createHash("md5").update(content).digest("hex")}  ${file}\n`);
  }
  await tree.write("DEBIAN/control", control(version, Math.ceil(bytes / 1024)));
  await tree.write("DEBIAN/md5sums", sums.join(""));
  const edited = Object.keys(conffiles).map((path) => `/${path}\n`);
  await tree.write("DEBIAN/conffiles", edited.join(""));
  await tree.copy(join(sources, "templates"), "DEBIAN/templates");
  for (const script of ["preinst", "postinst", "prerm", "postrm"]) {
    await tree.write(`DEBIAN/${script}`, await assemble(script), 0o755);
  }
}

// What Node asks of a system: https://github.com/nodejs/node/blob/v24.x/BUILDING.md#platform-list
const control = (version: string, kibibytes: number) => `Package: ${name}
Version: ${version}
Architecture: amd64
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: debconf (>= 0.5) | debconf-2.0, init-system-helpers (>= 1.54~), libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 7), sysvinit-utils (>= 3.05-4~) | lsb-base (>= 11)
Recommends: logrotate, nftables
Suggests: conntrack, ipset, iptables
Conflicts: knockd
Replaces: knockd
Provides: knockd (= 0.8)
Section: net
Priority: optional
Description: port-knocking daemon and client that replace knockd
 The server keeps a port shut to the whole world. Whoever sends the right
 packets, in the right order, in time, is let in, alone, for a while.
 .
 This package takes the place of knockd 0.8 without a change to
 /etc/knockd.conf. A stranger's packets do not spoil a knock, an open door
 closes whatever happens to the daemon, and a bad configuration does not end
 it. The kernel can open and close doors by itself (nftables), and protect
 services so that only those who knock reach them.
 .
 It brings its own Node.js, and needs none on the system.
`;

function changelog(version: string, time: number): string {
  const date = new Date(time * 1000).toUTCString().replace("GMT", "+0000");
  return `${name} (${version}) unstable; urgency=medium

  * /usr/share/doc/${name}/CHANGELOG.md.gz says what has changed.

 -- ${maintainer}  ${date}
`;
}

function copyright(licence: string): string {
  const body = licence.trim().split("\n").slice(4);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Sesame
Comment: The executable contains Node.js and npm packages. Their licences are in licences.gz beside
 this file, word for word.

Files: *
Copyright: 2026 The Sesame authors
License: Expat

License: Expat
${body.map((line) => (line === "" ? " ." : ` ${line}`)).join("\n")}
`;
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { copyright, debianFile, writeDebianArchive } from "./debian-archive.ts";
import { addDocuments } from "./documents.ts";
import type { PackageParts, PackageTarget } from "./linux.ts";
import { addPrograms, addServiceUser, units } from "./linux.ts";
import { addManuals } from "./manuals.ts";
import type { Tree } from "./tree.ts";

const sources = join(import.meta.dirname, "debian");

const name = "sesame-knock";

/** Files that dpkg leaves as the administrator edited them. */
const conffiles: Readonly<Record<string, readonly [source: string, mode: number]>> = {
  "etc/default/knockd": ["default", 0o644],
  "etc/init.d/knockd": ["init", 0o755],
  // Sequences are secrets.
  "etc/knockd.conf": ["knockd.conf", 0o600],
  "etc/logrotate.d/knockd": ["logrotate", 0o644],
};

/** The name of the file of the Debian package of the server. */
export function serverDebian({ version, architecture }: PackageTarget): string {
  return debianFile(name, version, architecture.debian);
}

/** Writes the Debian package of the server. The same input makes the same bytes. */
export async function writeServerDebian(file: string, parts: PackageParts): Promise<void> {
  const scripts = ["preinst", "postinst", "prerm", "postrm"];
  const templates = await readFile(join(sources, "templates"), "utf8");
  const control: Record<string, readonly [string, number]> = { templates: [templates, 0o644] };
  for (const script of scripts) control[script] = [await assembleScript(script), 0o755];
  await writeDebianArchive(file, {
    name,
    version: parts.version,
    architecture: parts.architecture,
    compression: parts.compression,
    fields,
    conffiles: Object.keys(conffiles),
    control,
    time: parts.time,
    fill: async (tree) => await fill(tree, parts),
  });
}

async function fill(tree: Tree, { programs, licences }: PackageParts): Promise<void> {
  await addPrograms(tree, programs, "usr");
  for (const [path, [source, mode]] of Object.entries(conffiles)) {
    await tree.write(path, await assembleScript(source), mode);
  }
  for (const unit of units) {
    await tree.copy(join(import.meta.dirname, unit), `usr/lib/systemd/system/${unit}`);
  }
  await addServiceUser(tree, await assembleScript("service-user"));
  // postinst restores the one where dpkg removes it with the package that had it before, and knows by the
  // other whether dpkg has put ours in the place of a configuration that was there.
  const spare = `usr/share/${name}`;
  await tree.copy(join(import.meta.dirname, "knockd.service"), `${spare}/knockd.service`);
  await tree.copy(join(sources, "knockd.conf"), `${spare}/knockd.conf`);
  await addManuals(tree, "usr/share");
  const folder = `usr/share/doc/${name}`;
  await addDocuments(tree, folder);
  await tree.write(`${folder}/copyright`, await copyright(contents));
  await tree.write(`${folder}/licences`, licences);
  await tree.gzip(`${folder}/licences`);
  await tree.copy(join(sources, "README.Debian"), `${folder}/README.Debian`);
  await tree.copy(join(sources, "lintian-overrides"), `usr/share/lintian/overrides/${name}`);
}

/** A file of the folder debian; what several of its scripts begin with stands in options.sh. */
export async function assembleScript(source: string): Promise<string> {
  const text = await readFile(join(sources, source), "utf8");
  const options = await readFile(join(sources, "options.sh"), "utf8");
  return text.replace("#OPTIONS#\n", () => options);
}

const contents = `The executable contains Node.js and npm packages. Their licences are in licences.gz beside
 this file, word for word.`;

// What Node asks of a system: https://github.com/nodejs/node/blob/v24.x/BUILDING.md#platform-list
const fields = `Depends: debconf (>= 0.5) | debconf-2.0, init-system-helpers (>= 1.54~), libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 7), sysvinit-utils (>= 3.05-4~) | lsb-base (>= 11)
Recommends: logrotate, nftables
Suggests: conntrack, ipset, iptables
Conflicts: knockd, sesame-knock-client
Replaces: knockd, sesame-knock-client
Provides: knockd (= 0.8)
Section: net
Priority: optional
Description: port-knocking daemon and client that replace knockd
 The server denies all sources a port until a client sends the right packets
 in the right order. Then only that client can connect, for a limited time.
 .
 This package replaces knockd 0.8 without a change to /etc/knockd.conf.
 Packets of other sources do not spoil a knock. An open door closes on time,
 even if the daemon is dead. A configuration with errors does not end the
 daemon. The kernel can open and close doors by itself (nftables), and allow
 services only to sources that have knocked.
 .
 It brings its own Node.js, and needs none on the system.
`;

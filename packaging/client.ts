import { chmod, writeFile } from "node:fs/promises";
import { bundle } from "./bundle.ts";
import { copyright, debianFile, writeDebianArchive } from "./debian-archive.ts";
import { addManuals } from "./manuals.ts";

const name = "sesame-knock-client";
const entry = 'import "./src/cli/main/knock.ts";';

/** The name of the file of the Debian package of the client. */
export function clientDebian(version: string): string {
  return debianFile(name, version, "all");
}

/**
 * Writes the Debian package of the client alone, which runs on the Node.js of the system. Debian 12 and
 * Ubuntu 24.04 have Node 18. Returns the npm packages in it.
 */
export async function writeClientDebian(
  file: string,
  version: string,
  time: number,
): Promise<readonly string[]> {
  const { code, packages } = await bundle(entry, {
    target: "node18.19",
    banner: "#!/usr/bin/node",
  });
  await writeDebianArchive(file, {
    name,
    version,
    compression: "best",
    fields,
    time,
    fill: async (tree) => {
      await tree.write("usr/bin/knock", code, 0o755);
      await addManuals(tree, "usr/share", { only: "knock" });
      await tree.write(`usr/share/doc/${name}/copyright`, await copyright());
    },
  });
  return packages;
}

/** Writes the client as one file for any Node. Returns the npm packages in it. */
export async function writeClientModule(file: string): Promise<readonly string[]> {
  const { code, packages } = await bundle(entry, {
    format: "esm",
    target: "node20",
    banner: "#!/usr/bin/env node",
  });
  await writeFile(file, code);
  await chmod(file, 0o755);
  return packages;
}

// Neither replaces a server: an installation of the client alone must not remove knockd.
const fields = `Depends: nodejs (>= 18.19)
Conflicts: knockd, sesame-knock
Section: net
Priority: optional
Description: port-knocking client
 Sends the packets that open a port of a server with knockd or Sesame: a
 sequence of ports, or one packet with a key, and then runs a command such as
 ssh.
 .
 The package sesame-knock has this client, too, and the server.
`;

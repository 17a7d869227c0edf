import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { architectures } from "./architecture.ts";
import { releaseFile } from "./release.ts";

const run = promisify(execFile);
const folder = releaseFile("apt");
const suite = "dists/stable";

/**
 * Writes a repository for apt with these packages of the release. It is signed if SESAME_APT_KEY names a
 * key of gpg's; then its public key lies beside it.
 * https://wiki.debian.org/DebianRepository/Format
 */
export async function writeAptRepository(debs: readonly string[], time: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "pool"), { recursive: true });
  const entries: PoolEntry[] = [];
  for (const deb of [...debs].sort()) {
    await copyFile(releaseFile(deb), join(folder, "pool", deb));
    entries.push(await describe(`pool/${deb}`));
  }
  const indexes: string[] = [];
  for (const { debian } of architectures) {
    const path = `main/binary-${debian}`;
    const stanzas = entries.filter(({ architecture }) => [debian, "all"].includes(architecture));
    const index = stanzas.map(({ stanza }) => stanza).join("\n");
    await mkdir(join(folder, suite, path), { recursive: true });
    await writeFile(join(folder, suite, path, "Packages"), index);
    await writeFile(join(folder, suite, path, "Packages.gz"), gzipSync(index, { level: 9 }));
    indexes.push(`${path}/Packages`, `${path}/Packages.gz`);
  }
  await writeFile(join(folder, suite, "Release"), await release(indexes, time));
  const key = process.env["SESAME_APT_KEY"];
  if (key) await sign(key);
}

/** A package of the repository. */
interface PoolEntry {
  readonly architecture: string;
  /** What the index says of it. */
  readonly stanza: string;
}

async function describe(path: string): Promise<PoolEntry> {
  const file = join(folder, path);
  const { stdout } = await run("dpkg-deb", ["--field", file]);
  const { size } = await stat(file);
  const place = `Filename: ${path}\nSize: ${size}\nSHA256: ${await sha256(file)}\n`;
  const architecture = /^Architecture: (.+)$/m.exec(stdout)?.[1] ?? "";
  return { architecture, stanza: `${stdout.trimEnd()}\n${place}` };
}

async function release(indexes: readonly string[], time: number): Promise<string> {
  const sums = indexes.map(async (name) => {
    const file = join(folder, suite, name);
    return ` ${await sha256(file)} ${(await stat(file)).size} ${name}\n`;
  });
  return `Origin: Sesame
Label: Sesame
Suite: stable
Codename: stable
Date: ${new Date(time * 1000).toUTCString().replace("GMT", "UTC")}
Architectures: ${architectures.map(({ debian }) => debian).join(" ")}
Components: main
Description: Sesame, port knocking
SHA256:
${(await Promise.all(sums)).join("")}`;
}

async function sign(key: string): Promise<void> {
  const at = (name: string) => join(folder, suite, name);
  const gpg = async (...words: string[]) =>
    await run("gpg", ["--batch", "--yes", "--local-user", key, ...words]);
  await gpg("--output", at("InRelease"), "--clearsign", at("Release"));
  await gpg("--output", at("Release.gpg"), "--armor", "--detach-sign", at("Release"));
  await gpg("--output", join(folder, "sesame-knock.gpg"), "--export", key);
}

async function sha256(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

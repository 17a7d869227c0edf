import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ownArchitecture } from "../packaging/architecture.ts";
import { serverDebian } from "../packaging/debian.ts";
import { releaseFolder } from "../packaging/release.ts";
import { peer } from "../test/live/requirements.ts";
import { isCompressed } from "./compressed.ts";
import type { DaemonName } from "./daemon.ts";
import { bin } from "./daemon.ts";

/** A daemon and a client, as users have them. */
export interface Installation {
  readonly label: "unpackaged" | "packaged" | "knockd";
  readonly daemon: DaemonName;
  readonly knockd: readonly string[];
  readonly knock: readonly string[];
  /** The bytes of the package to download, and those on the disk. */
  readonly size?: number;
  readonly unpackedSize?: number;
}

const description = join(import.meta.dirname, "../package.json");

/** Finds what can be measured. Unpacks the Debian package `file`, if there is one, in `folder`. */
export function findInstallations(
  folder: string,
  file: string | undefined,
): readonly Installation[] {
  return [
    {
      ...{ label: "unpackaged", daemon: "sesame" },
      knockd: [join(bin, "knockd")],
      knock: [join(bin, "knock")],
    },
    ...(file === undefined ? [] : [unpack(file, folder)]),
    { label: "knockd", daemon: "knockd", knockd: [peer("knockd")], knock: [peer("knock")] },
  ];
}

/**
 * Returns the path of the Debian package of this version and processor in the release, or what is wrong with it.
 */
export function findPackage(
  release: string = releaseFolder,
): { readonly file: string } | { readonly problem: string } {
  if (ownArchitecture === undefined) return { problem: "no package is for this processor" };
  const { version } = JSON.parse(readFileSync(description, "utf8"));
  const name = serverDebian({ version, architecture: ownArchitecture });
  const file = join(release, name);
  if (!existsSync(file)) return { problem: `release/ has no ${name}` };
  return isCompressed(file) ? { file } : { problem: `release/${name} is not compressed` };
}

function unpack(file: string, folder: string): Installation {
  execFileSync("dpkg-deb", ["-x", file, folder]);
  return {
    ...{ label: "packaged", daemon: "sesame" },
    ...{ size: statSync(file).size, unpackedSize: sizeOf(folder) },
    knockd: [join(folder, "usr/sbin/knockd")],
    knock: [join(folder, "usr/bin/knock")],
  };
}

/** A package of the release. */
export interface ReleaseSize {
  readonly name: string;
  readonly bytes: number;
}

/** Returns the packages in the release that are compressed, and the bytes of each, in the order of their names. */
export function releaseSizes(release: string = releaseFolder): readonly ReleaseSize[] {
  const names = existsSync(release) ? readdirSync(release).sort() : [];
  return names
    .filter((name) => /\.(?:deb|rpm|tar\.\w+|tgz|exe|mjs)$/.test(name))
    .filter((name) => isCompressed(join(release, name)))
    .map((name) => ({ name, bytes: statSync(join(release, name)).size }));
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

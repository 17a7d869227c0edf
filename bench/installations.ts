import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { peer } from "../test/live/requirements.ts";
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

const release = join(import.meta.dirname, "../release");

/** Finds what can be measured; unpacks the Debian package in `folder`, where `npm run package` has made it. */
export function findInstallations(folder: string): readonly Installation[] {
  return [
    {
      ...{ label: "unpackaged", daemon: "sesame" },
      knockd: [join(bin, "knockd")],
      knock: [join(bin, "knock")],
    },
    ...packaged(folder),
    { label: "knockd", daemon: "knockd", knockd: [peer("knockd")], knock: [peer("knock")] },
  ];
}

function packaged(folder: string): readonly Installation[] {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const names = existsSync(release) ? readdirSync(release) : [];
  const name = names.find((one) => one.endsWith(`_${architecture}.deb`));
  if (name === undefined) return [];
  const file = join(release, name);
  execFileSync("dpkg-deb", ["-x", file, folder]);
  return [
    {
      ...{ label: "packaged", daemon: "sesame" },
      ...{ size: statSync(file).size, unpackedSize: sizeOf(folder) },
      knockd: [join(folder, "usr/sbin/knockd")],
      knock: [join(folder, "usr/bin/knock")],
    },
  ];
}

/** A package of the release. */
export interface ReleaseSize {
  readonly name: string;
  readonly bytes: number;
}

/** Returns the packages in the release, and the bytes of each, in the order of their names. */
export function releaseSizes(): readonly ReleaseSize[] {
  const names = existsSync(release) ? readdirSync(release).sort() : [];
  return names
    .filter((name) => /\.(?:deb|rpm|tar\.\w+|tgz|exe|mjs)$/.test(name))
    .map((name) => ({ name, bytes: statSync(join(release, name)).size }));
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

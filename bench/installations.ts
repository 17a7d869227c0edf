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
  /** The bytes of the package to download. */
  readonly size?: number;
}

const release = join(import.meta.dirname, "../release");

/** Finds what can be measured; unpacks the Debian package in `folder`, where `npm run package` has made it. */
export function findInstallations(folder: string): readonly Installation[] {
  return [
    {
      ...{ label: "unpackaged", daemon: "sesame" },
      knockd: [process.execPath, join(bin, "knockd")],
      knock: [process.execPath, join(bin, "knock")],
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
      ...{ label: "packaged", daemon: "sesame", size: statSync(file).size },
      knockd: [join(folder, "usr/sbin/knockd")],
      knock: [join(folder, "usr/bin/knock")],
    },
  ];
}

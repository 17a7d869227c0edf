// Makes release/: packages for Debian, Red Hat's relatives and other Linux, the client for Windows and for
// any Node, the npm package, a repository for apt, the licences and the bill of materials of what is in
// them, and SHA256SUMS. Exits with 77 and the reason where its parts cannot be had, with 1 for all that
// goes wrong besides.
//
//   node --import ./bench/typescript.mjs packaging/package.ts [--KIND...] [--arch amd64|arm64] [--plain]
//
// Without a kind it makes all of them. --plain compresses no programs, for tests.

import { execFile } from "node:child_process";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { writeAptRepository } from "./apt.ts";
import type { Architecture } from "./architecture.ts";
import { architectures } from "./architecture.ts";
import type { Artifact } from "./bill.ts";
import { bundle } from "./bundle.ts";
import { clientDebian, writeClientDebian, writeClientModule } from "./client.ts";
import { serverDebian, writeServerDebian } from "./debian.ts";
import { writeExecutable } from "./executable.ts";
import { licenceTexts } from "./licences.ts";
import type { PackageParts } from "./linux.ts";
import { writeLinux } from "./linux.ts";
import { npmFile, writeNpmPackage } from "./npm.ts";
import {
  billFile,
  openRelease,
  releaseFile,
  releaseFolder,
  removeFalseNotices,
  writeNotices,
} from "./release.ts";
import { rpmFile, writeRpm } from "./rpm.ts";
import { fetchRuntime, linuxRuntimes, makerFor, Unavailable, windowsRuntime } from "./runtime.ts";
import { Steps } from "./steps.ts";
import { tarballFile, writeTarball } from "./tarball.ts";
import type { Compression } from "./xz.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

const kinds = ["deb", "client", "rpm", "tarball", "exe", "npm", "apt"] as const;
type Kind = (typeof kinds)[number];

/** What is made for a processor, and how. */
const linuxKinds = [
  { kind: "deb", nameOf: serverDebian, write: writeServerDebian },
  { kind: "rpm", nameOf: rpmFile, write: writeRpm },
  { kind: "tarball", nameOf: tarballFile, write: writeTarball },
] as const;

try {
  const { values } = parseArgs({
    options: {
      ...(Object.fromEntries(kinds.map((kind) => [kind, { type: "boolean" }])) as Record<
        Kind,
        { type: "boolean" }
      >),
      arch: { type: "string" },
      plain: { type: "boolean" },
    },
  });
  const wanted = kinds.filter((kind) => values[kind]);
  const chosen = architectures.filter(
    ({ debian }) => values.arch === undefined || debian === values.arch,
  );
  if (chosen.length === 0) throw new Error(`--arch ${values.arch}: amd64 or arm64 is expected`);
  const compression = values.plain === true ? "none" : "best";
  try {
    await make(new Set(wanted.length > 0 ? wanted : kinds), chosen, compression);
  } finally {
    await removeFalseNotices();
  }
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof Unavailable ? 77 : 1;
}

async function make(
  wanted: ReadonlySet<Kind>,
  chosen: readonly Architecture[],
  compression: Compression,
): Promise<void> {
  const steps = new Steps();
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const time = await age();
  const isAll = wanted.size === kinds.length && chosen.length === architectures.length;
  const artifacts: Artifact[] = [];
  const licences: Record<string, string> = {};
  const debs: string[] = [];
  if (isAll) await rm(releaseFolder, { recursive: true, force: true });
  await openRelease(versionedNames(version));

  /** Makes a file of the release, with the npm packages that are in it. */
  const write = async (
    name: string,
    action: (file: string) => Promise<readonly string[]>,
    node?: Artifact["node"],
  ): Promise<readonly string[]> => {
    const file = releaseFile(name);
    const packages = await steps.run(`release/${name}`, async () => await action(file), file);
    artifacts.push({ file, packages, ...(node !== undefined && { node }) });
    return packages;
  };

  if (wanted.has("client") || wanted.has("apt")) {
    const name = clientDebian(version);
    await write(name, async (file) => await writeClientDebian(file, version, time));
    debs.push(name);
  }
  if (wanted.has("client")) await write("knock.mjs", writeClientModule);
  const forLinux = linuxKinds.filter(
    ({ kind }) => wanted.has(kind) || (kind === "deb" && wanted.has("apt")),
  );
  for (const architecture of forLinux.length > 0 ? chosen : []) {
    const { parts, packages } = await prepare(architecture, { version, time, compression }, steps);
    const node = { runtime: linuxRuntimes[architecture.node], maker: makerFor("linux") };
    licences["LICENCES-linux.txt"] = parts.licences;
    for (const { kind, nameOf, write: writeKind } of forLinux) {
      const name = nameOf(parts);
      const action = async (file: string) => {
        await writeKind(file, parts);
        return packages;
      };
      await write(name, action, node);
      if (kind === "deb") debs.push(name);
    }
  }
  if (wanted.has("exe")) {
    const node = { runtime: windowsRuntime, maker: makerFor("windows") };
    const packages = await write("knock.exe", writeWindows, node);
    licences["LICENCES-knock.exe.txt"] = await licenceTexts(packages, node.maker);
  }
  if (wanted.has("npm")) {
    await write(npmFile(version), async (file) => await writeNpmPackage(file));
  }
  if (wanted.has("apt")) {
    await steps.run("release/apt", async () => await writeAptRepository(debs, time));
  }
  if (isAll) {
    const notices = async () => await writeNotices(artifacts, licences, version, time);
    await steps.run("licences, bill of materials, SHA256SUMS", notices);
  }
  steps.end();
}

/** Returns the names of all files of a release that say its version. */
function versionedNames(version: string): string[] {
  const forLinux = architectures.flatMap((architecture) =>
    linuxKinds.map(({ nameOf }) => nameOf({ version, architecture })),
  );
  return [clientDebian(version), npmFile(version), billFile(version), ...forLinux];
}

/** Makes the programs of the packages for one processor. */
async function prepare(
  architecture: Architecture,
  about: Pick<PackageParts, "version" | "time" | "compression">,
  steps: Steps,
): Promise<{ readonly parts: PackageParts; readonly packages: readonly string[] }> {
  const programs = join(root, "node_modules/.cache/linux", architecture.node);
  const runtime = linuxRuntimes[architecture.node];
  await rm(programs, { recursive: true, force: true });
  await steps.run(runtime.package, async () => await fetchRuntime(runtime));
  const packages = await steps.run(
    `programs for ${architecture.debian}`,
    async () => await writeLinux(programs, architecture),
    join(programs, "sesame"),
  );
  const licences = await licenceTexts(packages, runtime);
  return { parts: { ...about, architecture, programs, licences }, packages };
}

async function writeWindows(file: string): Promise<readonly string[]> {
  const { code, packages } = await bundle('import "./src/cli/main/knock.ts";');
  const maker = makerFor("windows");
  await writeExecutable({ file, main: code, runtime: windowsRuntime, maker });
  return packages;
}

/** When what is packed was last changed, in seconds: two builds of one commit are of one age. */
async function age(): Promise<number> {
  const given = Number(process.env["SOURCE_DATE_EPOCH"]);
  if (given > 0) return given;
  try {
    const { stdout } = await run("git", ["log", "-1", "--format=%ct"], { cwd: root });
    return Number(stdout);
  } catch {
    // Not from a repository.
    return Math.floor((await stat(join(root, "package.json"))).mtimeMs / 1000);
  }
}

// The bill of materials, as SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Runtime } from "./runtime.ts";
import { fetchRuntime } from "./runtime.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** The keys of `process.versions` under other names than those in Node's LICENSE. */
const versionKeys: Readonly<Record<string, string>> = {
  "c-ares": "ares",
  libuv: "uv",
  ICU: "icu",
  OpenSSL: "openssl",
  V8: "v8",
  Acorn: "acorn",
};

/** Where Node's sources are that are not in its executable: tools that build and test it, and npm. */
const outside = /^(tools|test|deps\/(googletest|npm|corepack|minimatch))(\/|$)/;

/** A file of a release that has programs in it. */
export interface Artifact {
  readonly file: string;
  /** The npm packages in it. */
  readonly packages: readonly string[];
  /** The Node in it, if it brings any. */
  readonly node?: BundledNode;
}

/** The Node in an artifact. */
interface BundledNode {
  readonly runtime: Runtime;
  /** The same version of Node for this machine, which can be asked here. */
  readonly maker: Runtime;
}

/** https://spdx.github.io/spdx-spec/v2.3/package-information/ */
interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly [field: string]: unknown;
}

interface SpdxRelationship {
  readonly spdxElementId: string;
  readonly relationshipType: string;
  readonly relatedSpdxElement: string;
}

/** What is in the files of a release. `time` is in seconds. */
export async function billOfMaterials(
  artifacts: readonly Artifact[],
  version: string,
  time: number,
): Promise<object> {
  const found = new Map<string, SpdxPackage>();
  const relationships: SpdxRelationship[] = [];
  const add = (part: SpdxPackage) => {
    found.set(part.SPDXID, { ...unknown, ...part });
    return part.SPDXID;
  };
  const relate = (from: string, relationshipType: string, to: string) =>
    relationships.push({
      spdxElementId: from,
      relationshipType,
      relatedSpdxElement: to,
    });
  for (const { file, packages, node: bundled } of artifacts) {
    const artifact = add(await artifactPart(file, version));
    relate("SPDXRef-DOCUMENT", "DESCRIBES", artifact);
    for (const name of packages) relate(artifact, "CONTAINS", add(await npmPart(name)));
    if (bundled === undefined) continue;
    const { node, parts } = await nodeParts(bundled);
    relate(artifact, "CONTAINS", add(node));
    for (const part of parts) relate(node.SPDXID, "CONTAINS", add(part));
  }
  const packages = [...found.values()].sort((a, b) => (a.SPDXID < b.SPDXID ? -1 : 1));
  const content = { packages, relationships: unique(relationships) };
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `sesame-knock-${version}`,
    documentNamespace: `urn:sesame-knock:${version}:${digest}`,
    creationInfo: {
      created: `${new Date(time * 1000).toISOString().slice(0, 19)}Z`,
      creators: [`Tool: sesame-knock-${version}`],
    },
    ...content,
  };
}

const unknown = {
  downloadLocation: "NOASSERTION",
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: "NOASSERTION",
  copyrightText: "NOASSERTION",
};

async function artifactPart(file: string, versionInfo: string): Promise<SpdxPackage> {
  const checksumValue = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return {
    SPDXID: id("file", basename(file)),
    name: basename(file),
    versionInfo,
    packageFileName: basename(file),
    licenseDeclared: "MIT",
    copyrightText: "Copyright (c) 2026 The Sesame authors",
    checksums: [{ algorithm: "SHA256", checksumValue }],
  };
}

async function npmPart(name: string): Promise<SpdxPackage> {
  const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8");
  const { version, license } = JSON.parse(text);
  return {
    SPDXID: id("npm", name, version),
    name,
    versionInfo: version,
    downloadLocation: registry(name, version),
    licenseDeclared: license,
    externalRefs: [packageUrl(`pkg:npm/${name.replace("@", "%40")}@${version}`)],
  };
}

/** Node, and what its LICENSE says is in it, with the version that it says itself. */
async function nodeParts({
  runtime,
  maker,
}: BundledNode): Promise<{ readonly node: SpdxPackage; readonly parts: readonly SpdxPackage[] }> {
  const separator = runtime.package.lastIndexOf("@");
  const [name, version] = [
    runtime.package.slice(0, separator),
    runtime.package.slice(separator + 1),
  ];
  const { stdout } = await run(await fetchRuntime(maker), [
    "-p",
    "JSON.stringify(process.versions)",
  ]);
  const versions: Readonly<Record<string, string>> = JSON.parse(stdout);
  const node = {
    SPDXID: id("node", runtime.package),
    name: "node",
    versionInfo: version,
    downloadLocation: registry(name, version),
    licenseDeclared: "MIT",
    checksums: [
      {
        algorithm: "SHA512",
        checksumValue: Buffer.from(runtime.integrity, "base64").toString("hex"),
      },
    ],
    comment: `The npm package ${runtime.package}; the checksum is that of its tarball.`,
    externalRefs: [packageUrl(`pkg:npm/${name}@${version}`)],
  };
  // That for Windows comes without it.
  const licence = await readFile(await fetchRuntime(maker, "LICENSE"), "utf8");
  const sections = [...licence.matchAll(/^- (.+), located at (\S+?),? is licensed as follows/gm)];
  const parts = sections
    .filter(([, , place = ""]) => !outside.test(place))
    .map(([, part = "", place]) => ({
      SPDXID: id("node", version, part),
      name: part,
      versionInfo: versions[versionKeys[part] ?? part] || `as in Node.js ${version}`,
      comment: `${place} in the sources of Node.js, whose LICENSE has its licence.`,
    }));
  return { node, parts };
}

/** https://spdx.github.io/spdx-spec/v2.3/package-information/#72-package-spdx-identifier-field */
function id(...words: readonly string[]): string {
  return `SPDXRef-${words.join("-").replace(/[^A-Za-z0-9.-]+/g, "-")}`;
}

function registry(name: string, version: string): string {
  return `https://registry.npmjs.org/${name}/-/${name.split("/").at(-1)}-${version}.tgz`;
}

function packageUrl(referenceLocator: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

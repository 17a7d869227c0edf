import { readFile, stat } from "node:fs/promises";
import { KnockError, reason } from "../../base/errors.ts";
import type { FleetFile } from "../../config/fleet-file.ts";
import { parseFleetFile } from "../../config/fleet-file.ts";
import { formatWithHint } from "../../config/problem.ts";
import { readSecretFile } from "./secret-file.ts";

const kind = { name: "fleet file", hint: "knockctl fleet key makes it", longest: 1 } as const;

/** Bytes of certificates that are read. */
const longestCertificates = 2 ** 20;

/** What a fleet file says, with the certificates that it names, as PEM. */
export interface FleetSecrets extends Omit<FleetFile, "ca"> {
  readonly ca: string | undefined;
}

/**
 * Reads a fleet file, which its owner alone can read; see `readSecretFile`. Throws CONFIG with every problem, and never
 * a secret.
 */
export async function readFleetFile(path: string, owner?: number): Promise<FleetSecrets> {
  const text = Buffer.from(await readSecretFile(path, kind, owner)).toString();
  const { file, problems } = parseFleetFile(text);
  if (file === undefined) {
    const lines = problems.map((problem) => formatWithHint(path, problem));
    throw new KnockError("CONFIG", lines.join("\n"));
  }
  const ca = file.ca === undefined ? undefined : await readCertificates(path, file.ca);
  return { ...file, ca };
}

async function readCertificates(path: string, ca: string): Promise<string> {
  try {
    const stats = await stat(ca);
    if (!stats.isFile()) throw new Error("not a regular file");
    if (stats.size > longestCertificates) throw new Error("longer than 1 MiB");
    const text = await readFile(ca, "utf8");
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Error("no certificate in PEM");
    return text;
  } catch (cause) {
    throw new KnockError("CONFIG", `fleet file ${path}: ca ${ca}: ${reason(cause)}`, { cause });
  }
}

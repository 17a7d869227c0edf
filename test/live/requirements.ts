import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's knockd and knock as scripts/peer-knockd unpacks them. */
export const peers: string = join(import.meta.dirname, "../../node_modules/.cache/peers/usr");

/** Debian's fwknopd and fwknop as scripts/peer-fwknop unpacks them. */
const fwknop = join(import.meta.dirname, "../../node_modules/.cache/fwknop");

/** What programs of `fwknop` need in their environment. */
export const fwknopEnvironment: Readonly<Record<string, string>> = {
  LD_LIBRARY_PATH: join(fwknop, "lib"),
};

/** Debian's sshd as scripts/peer-sshd unpacks it where there is none. */
const unpackedSshd = join(import.meta.dirname, "../../node_modules/.cache/sshd/usr/sbin");

/** Debian's redis-server as scripts/peer-redis unpacks it where there is none. */
const unpackedRedis = join(import.meta.dirname, "../../node_modules/.cache/redis/usr/bin");

/** One of the stores that scripts/peer-stores unpacks, by its name: instead of the usual redis-server. */
const store = process.env["SESAME_STORE"];
const unpackedStores = join(import.meta.dirname, "../../node_modules/.cache/stores");

const printed = new Set<string>();

/** Why tests with real packets cannot run here; undefined if they can. */
export function canRunLive(): string | undefined {
  if (process.env["SESAME_PRIVATE"] !== "1") return "not inside scripts/private";
  return lacking("ip", "iptables", "ping");
}

/**
 * The reason to skip a test that needs live packets and these programs besides, printed once; undefined if
 * it can run. `describe.skipIf(needs("nmap"))("…", …)`
 */
export function needs(...commands: string[]): string | undefined {
  const reason = canRunLive() ?? lacking(...commands);
  if (reason !== undefined && !printed.has(reason)) {
    printed.add(reason);
    console.warn(`skipped: ${reason}`);
  }
  return reason;
}

/**
 * The path of a program that the test `needs`. Of `knockd` and `knock` only Debian's, unpacked, count:
 * an installed one may be ours. Of `fwknopd` and `fwknop` only those of scripts/peer-fwknop count.
 */
export function peer(command: string): string {
  const path = find(command);
  if (path === undefined) throw new Error(`the program ${command} is missing`);
  return path;
}

function lacking(...commands: string[]): string | undefined {
  const missing = commands.filter((command) => find(command) === undefined);
  if (missing.length === 0) return undefined;
  return `missing: ${missing.join(", ")}`;
}

function find(command: string): string | undefined {
  if (command === "knockd") return findIn([join(peers, "sbin")], command);
  if (command === "knock") return findIn([join(peers, "bin")], command);
  if (command === "fwknopd") return findIn([join(fwknop, "usr/sbin")], command);
  if (command === "fwknop") return findIn([join(fwknop, "usr/bin")], command);
  if (store !== undefined && command.startsWith("redis-")) {
    return findIn([join(unpackedStores, store)], command);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return findIn([...folders, unpackedSshd, unpackedRedis], command);
}

function findIn(folders: readonly string[], command: string): string | undefined {
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Absent or not ours to run: the same to the caller.
  }
}

import { existsSync, realpathSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";
import { defaultControlSocket } from "../base/paths.ts";
import type { ConfigOptions } from "../config/config.ts";
import { readIfThere } from "../system/files.ts";
import type { StateFiles } from "../system/state-files.ts";
import { defaultStateDir, stateFiles } from "../system/state-files.ts";

/** The files and the socket of one configuration. */
export interface SetupPaths {
  /** The configuration file, as knockd names it. */
  readonly config: string;
  /** The same file with all links resolved. */
  readonly realConfig: string;
  readonly socket: string;
  /** The program that asks the daemon for an administrator, for its log; absent: `knockctl` itself. */
  readonly by?: string;
  readonly state: StateFiles;
}

export function setupPaths(
  config: string,
  { controlSocket, stateDir }: ConfigOptions,
  socket: string | undefined,
): SetupPaths {
  return {
    config,
    realConfig: existsSync(config) ? realpathSync(config) : config,
    socket: socket ?? controlSocket ?? defaultControlSocket,
    state: stateFiles(stateDir ?? defaultStateDir, config),
  };
}

/** Returns the bytes of a file, or `undefined` if it does not exist. Throws SYSTEM. */
export function readBytes(file: string): Buffer | undefined {
  try {
    return readIfThere(file);
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
  }
}

/** Decodes bytes as readConfig does. */
export function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1"); // Any bytes are valid Latin-1.
  }
}

/** The encoding in which `decode` has read bytes. */
export function encodingOf(bytes: Buffer): "utf8" | "latin1" {
  return Buffer.from(decode(bytes)).equals(bytes) ? "utf8" : "latin1";
}

/** Returns `FILE.before-init`, or a name with a number appended, that does not exist yet. */
export function freeBackup(file: string, what: string): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? `${file}.${what}` : `${file}.${what}-${i}`;
    if (!existsSync(name)) return name;
  }
}

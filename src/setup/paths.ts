import { existsSync, realpathSync } from "node:fs";
import { KnockError, reason } from "../base/errors.ts";
import { defaultControlSocket } from "../base/paths.ts";
import type { ConfigOptions, DoorConfig } from "../config/config.ts";
import { defaultOptions } from "../config/config.ts";
import { readConfig } from "../config/load.ts";
import { readIfThere } from "../system/files.ts";
import type { StateFiles } from "../system/state-files.ts";
import { defaultStateDir, stateFiles } from "../system/state-files.ts";

/** Where all that belongs to one configuration lies. */
export interface SetupPaths {
  /** The file, as knockd names it. */
  readonly config: string;
  /** The same, behind all links. */
  readonly realConfig: string;
  readonly socket: string;
  /** The name of our table in nftables. */
  readonly table: string;
  readonly state: StateFiles;
}

export function setupPaths(
  config: string,
  options: ConfigOptions,
  socket: string | undefined,
): SetupPaths {
  return {
    config,
    realConfig: existsSync(config) ? realpathSync(config) : config,
    socket: socket ?? options.controlSocket ?? defaultControlSocket,
    table: options.table,
    state: stateFiles(options.stateDir ?? defaultStateDir, config),
  };
}

/** What could be read of a configuration, which may be broken, or not be there. */
export interface Salvage {
  readonly options: ConfigOptions;
  readonly doors: readonly DoorConfig[];
}

export function readLenient(config: string): Salvage {
  try {
    const { options, config: whole } = readConfig(config, process.cwd());
    return { options, doors: whole?.doors ?? [] };
  } catch (error) {
    if (error instanceof KnockError) return { options: defaultOptions, doors: [] };
    throw error;
  }
}

/** What a file holds, to the byte; undefined if it is not there. Throws SYSTEM. */
export function readBytes(file: string): Buffer | undefined {
  try {
    return readIfThere(file);
  } catch (cause) {
    throw new KnockError("SYSTEM", `cannot read ${file}: ${reason(cause)}`, { cause });
  }
}

/** The text of bytes as readConfig understands them. */
export function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1"); // Every byte is some character there.
  }
}

/** `FILE.before-init`, or with a number behind it: a name that is free. */
export function freeBackup(file: string, what: string): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? `${file}.${what}` : `${file}.${what}-${i}`;
    if (!existsSync(name)) return name;
  }
}

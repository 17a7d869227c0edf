import { KnockError } from "../base/errors.ts";
import type { ConfigOptions, DoorConfig } from "../config/config.ts";
import { readConfig } from "../config/load.ts";

/** The readable part of a configuration that may have problems, or not exist. */
export interface LenientConfig {
  /** `undefined` if the file cannot be read. */
  readonly options?: ConfigOptions;
  /** Empty if the file has problems. */
  readonly doors: readonly DoorConfig[];
  /** What is unknown because of the problems, a line each. */
  readonly doubts: readonly string[];
}

/** Reads as much of a configuration as possible: removing a protection must not depend on a valid file. */
export function readLenient(file: string): LenientConfig {
  try {
    const { config, options } = readConfig(file, process.cwd());
    if (config !== undefined) return { ...config, doubts: [] };
    const doubt = `${file} has problems: only its Table and StateDir are known, not the services that knockd will protect`;
    return { options, doors: [], doubts: [doubt] };
  } catch (error) {
    if (!(error instanceof KnockError)) throw error;
    const doubt =
      "its Table and StateDir are unknown: there may be another table that protects, and rules for the next boot";
    return { doors: [], doubts: [error.message, doubt] };
  }
}

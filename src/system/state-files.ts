import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { defaultRuntimeDirectory, defaultStateDirectory } from "../base/paths.ts";
import { isLocked } from "../ffi/file-lock.ts";

/** The files in which the daemon of one configuration keeps its state. */
export interface StateFiles {
  /** Locked while the daemon runs. */
  readonly lock: string;
  readonly journal: string;
  /** The prefix of the names of the locks of start commands. */
  readonly starts: string;
  /** The services that an administrator protected by `knockctl guard`, a line each. */
  readonly guarded: string;
  /** The rules that protect from early boot on. packaging/sesame-protect.service loads *.nft. */
  readonly boot: string;
  /** The same rules with the doors that the kernel opens. It loads *.doors, after *.nft. */
  readonly bootDoors: string;
  /** Who opened what; the file before it has `.1` at its end. */
  readonly history: string;
  /** What was counted in each minute of the last day. */
  readonly traffic: string;
  /** The times of accepted knock packets. */
  readonly knocks: string;
  /** The changes of `knockctl init`, for `knockctl undo`. */
  readonly init: string;
}

/** Returns the files of one configuration: named after it, with a digest of its path. */
export function stateFiles(directory: string, configFile: string): StateFiles {
  const digest = createHash("sha256").update(configFile).digest("hex").slice(0, 12);
  const path = join(directory, `${basename(configFile)}-${digest}`);
  return {
    lock: `${path}.lock`,
    journal: `${path}.journal`,
    starts: `${path}.start-`,
    guarded: `${path}.guarded`,
    boot: `${path}.nft`,
    bootDoors: `${path}.doors`,
    history: `${path}.history`,
    traffic: `${path}.traffic`,
    knocks: `${path}.knocks`,
    init: `${path}.init`,
  };
}

/** Returns whether a daemon of this configuration runs. */
export function isRunning({ lock }: StateFiles): boolean {
  return isLocked(lock);
}

/** The directory of files that a reboot removes. */
export const runtimeDirectory: string =
  process.env["RUNTIME_DIRECTORY"]?.split(":")[0] || defaultRuntimeDirectory;

/** The directory of leases, unless the configuration names another. */
export const defaultStateDir: string =
  process.env["STATE_DIRECTORY"]?.split(":")[0] || defaultStateDirectory;

/**
 * Returns the owner of a state directory: the user as whom knockd runs, or ran last. `undefined` if there is none,
 * or it cannot be seen.
 */
export function stateOwner(directory: string = defaultStateDir): number | undefined {
  try {
    return statSync(directory).uid;
  } catch {
    return undefined;
  }
}

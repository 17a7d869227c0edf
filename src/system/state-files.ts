import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { defaultRuntimeDirectory, defaultStateDirectory } from "../base/paths.ts";
import { isLocked } from "../ffi/file-lock.ts";

/** Where the daemon of one configuration file keeps what it must not forget. */
export interface StateFiles {
  /** Locked as long as the daemon runs. */
  readonly lock: string;
  readonly journal: string;
  /** The beginning of the names of the locks of start commands. */
  readonly starts: string;
  /** The services that an administrator protected by `knockctl guard`, a line each. */
  readonly guarded: string;
  /** The rules that protect from early in the boot on. packaging/sesame-protect.service loads *.nft. */
  readonly boot: string;
  /** What `knockctl init` changed, for `knockctl undo`. */
  readonly init: string;
}

/** The files of one configuration. Two files of one name are two daemons; people still see which is whose. */
export function stateFiles(directory: string, configFile: string): StateFiles {
  const digest = createHash("sha256").update(configFile).digest("hex").slice(0, 12);
  const path = join(directory, `${basename(configFile)}-${digest}`);
  return {
    lock: `${path}.lock`,
    journal: `${path}.journal`,
    starts: `${path}.start-`,
    guarded: `${path}.guarded`,
    boot: `${path}.nft`,
    init: `${path}.init`,
  };
}

/** Returns whether a daemon of this configuration runs. */
export function isRunning({ lock }: StateFiles): boolean {
  return isLocked(lock);
}

/** Where lies what no restart of the machine outlives. */
export const runtimeDirectory: string =
  process.env["RUNTIME_DIRECTORY"]?.split(":")[0] || defaultRuntimeDirectory;

/** Where leases are kept, unless the configuration says otherwise. */
export const defaultStateDir: string =
  process.env["STATE_DIRECTORY"]?.split(":")[0] || defaultStateDirectory;

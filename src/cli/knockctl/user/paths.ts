import { existsSync } from "node:fs";
import type { Config } from "../../../config/config.ts";
import { defaultOptions } from "../../../config/config.ts";
import { readConfig } from "../../../config/load.ts";
import type { SetupPaths } from "../../../setup/paths.ts";
import { setupPaths } from "../../../setup/paths.ts";

/** Where the users of a configuration are. */
export interface UserPaths {
  readonly paths: SetupPaths;
  readonly usersFile: string;
  /** `undefined` if the configuration has errors, or is missing. */
  readonly config: Config | undefined;
}

/** Returns the paths of a configuration, also of one with errors. Throws CONFIG if it cannot be read. */
export function pathsOf(file: string, socket: string | undefined): UserPaths {
  const read = existsSync(file) ? readConfig(file, process.cwd()) : undefined;
  const options = read?.options ?? defaultOptions;
  const paths = setupPaths(file, options, socket);
  return { paths, usersFile: options.usersFile, config: read?.config };
}

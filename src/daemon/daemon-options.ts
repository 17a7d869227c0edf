import type { Config } from "../config/config.ts";
import type { Terminal } from "./log/log-outputs.ts";

/** A checked configuration, and the warnings about it. */
export interface CheckedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** What the command line decides for the whole life of a daemon. */
export interface DaemonOptions {
  /** For the log. */
  readonly configFile: string;
  /** Reads the configuration, at the start and at every reload. Throws CONFIG. */
  readonly load: () => CheckedConfig;
  readonly terminal: Terminal;
  /** Write a pid file to this path if the configuration names none; `undefined`: never write one. */
  readonly pidFile: string | undefined;
  /** The log names the hosts of sources. */
  readonly lookUp: boolean;
  readonly onlyIpv4: boolean;
  /** Nothing is opened, written or used up; the log says what would be. */
  readonly dryRun: boolean;
  /** Sesame's, for administrators. */
  readonly version: string;
}

import type { Config } from "../config/config.ts";
import type { Terminal } from "./log/log-outputs.ts";

/** A checked configuration, and the warnings about it. */
export interface CheckedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** What the command line decides for the whole life of a daemon. */
export interface DaemonOptions {
  readonly configFile: string;
  /** Returns the configuration that these bytes of its file are. Throws CONFIG. */
  readonly check: (bytes: Uint8Array) => CheckedConfig;
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

import type { Network } from "../base/address.ts";
import type { Sequence } from "../base/sequence.ts";
import type { CommandTemplates } from "../firewall/template.ts";
import type { FlagTest } from "../match/door.ts";

/** A whole knockd.conf, checked: nothing after this needs to check it again. */
export interface Config {
  readonly options: Options;
  readonly doors: readonly DoorConfig[];
}

export interface Options {
  readonly useSyslog: boolean;
  readonly logFile?: string;
  readonly logFormat: "text" | "json";
  readonly pidFile?: string;
  /** The interfaces to listen on; undefined: all. */
  readonly interfaces: readonly string[] | undefined;
  /** How many attempts may be under way at once. */
  readonly maxAttempts: number;
}

export interface DoorConfig {
  readonly name: string;
  /** The steps, or the file that holds a list of sequences to be used once each. */
  readonly sequence: Sequence | OneTimeFile;
  /** Milliseconds from the (last) first step to the last one. */
  readonly timeout: number;
  readonly flags: FlagTest;
  /** Addresses and names of the hosts whose packets count; undefined: this host. */
  readonly target: readonly (Network | string)[] | undefined;
  readonly commands: CommandTemplates;
  /** Milliseconds from the end of the start command to the stop command. */
  readonly closeAfter: number;
}

export interface OneTimeFile {
  readonly file: string;
}

export const defaultOptions: Options = {
  useSyslog: false,
  logFormat: "text",
  interfaces: undefined,
  maxAttempts: 1_000_000,
};

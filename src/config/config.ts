import type { Network } from "../base/address.ts";
import type { Endpoint } from "../base/endpoint.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import type { CommandTemplates } from "../firewall/commands/template.ts";
import type { FlagTest } from "../match/door.ts";

/** A whole knockd.conf, checked: nothing after this needs to check it again. */
export interface Config {
  readonly options: ConfigOptions;
  readonly doors: readonly DoorConfig[];
}

export interface ConfigOptions {
  readonly useSyslog: boolean;
  readonly logFile?: string;
  readonly logFormat: "text" | "json";
  /** Lines a second that strangers can cause; 0: no limit; undefined: the usual number. */
  readonly logRate?: number;
  readonly pidFile?: string;
  /** The interfaces to listen on; undefined: all. */
  readonly interfaces: readonly string[] | undefined;
  /** How many attempts may be under way at once. */
  readonly maxAttempts: number;
  /** How many commands may run at once, those that open and those that close each. */
  readonly maxCommands: number;
  /** What native doors are made of. */
  readonly firewall: "nftables" | "ipset";
  /** The name of our table in nftables. */
  readonly table: string;
  /** Where leases are kept; undefined: the usual place. */
  readonly stateDir?: string;
  /** Where `knockctl` finds the daemon; undefined: the usual place. */
  readonly controlSocket?: string;
  /** Where Prometheus finds the metrics; undefined: nowhere. */
  readonly metricsListen?: Endpoint;
  /** What to do with commands that another must undo while leases cannot be written down. */
  readonly onJournalFailure: "open" | "refuse";
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
  /** Who may knock at all; undefined: everybody who is not in `deny`. */
  readonly allow: readonly Network[] | undefined;
  readonly deny: readonly Network[];
  /** How many ports are watched at most to catch scanners; 0: none. */
  readonly decoys: number;
  readonly commands: CommandTemplates;
  /** Milliseconds from the end of the start command to the stop command. */
  readonly closeAfter: number;
  /** Who runs the commands; undefined: the daemon's own user. */
  readonly user?: string;
  /** Milliseconds that a command may take; undefined: as many as it likes. */
  readonly commandTimeout?: number;
  /** What a knock does to a door that is open already. */
  readonly again: "extend" | "rerun";
  /** What the kernel opens, instead of commands. */
  readonly native?: NativeDoor;
}

export interface NativeDoor {
  readonly services: readonly Service[];
  /** Milliseconds. */
  readonly openFor: number;
  /** Everybody else is kept out by us, too. */
  readonly protect: boolean;
}

/** How many decoys a door has unless it says otherwise. */
export const defaultDecoys = 32;

interface OneTimeFile {
  readonly file: string;
}

export const defaultOptions: ConfigOptions = {
  useSyslog: false,
  logFormat: "text",
  interfaces: undefined,
  maxAttempts: 1_000_000,
  maxCommands: 64,
  firewall: "nftables",
  table: "sesame",
  onJournalFailure: "open",
};

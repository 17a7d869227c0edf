import type { Network } from "../base/address.ts";
import type { BackendKind } from "../base/backends.ts";
import { defaultBackend } from "../base/backends.ts";
import type { Endpoint } from "../base/endpoint.ts";
import type { Sequence } from "../base/sequence.ts";
import type { Service } from "../base/service.ts";
import type { FlagTest } from "../base/tcp-flags.ts";
import type { CommandTemplates } from "../firewall/commands/template.ts";

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
  readonly firewall: BackendKind;
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
  readonly sequence: FixedSequence | OneTimeSequences;
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
  readonly action: CommandAction | NativeAction;
}

interface FixedSequence {
  readonly kind: "fixed";
  readonly steps: Sequence;
}

/** A file holds a list of sequences, each to be used once. */
interface OneTimeSequences {
  readonly kind: "one-time";
  readonly file: string;
}

/** Returns the steps of a door whose sequence stays the same; none for one-time sequences. */
export function fixedSteps({ sequence }: DoorConfig): Sequence {
  return sequence.kind === "fixed" ? sequence.steps : [];
}

/** The door runs commands to open and to close. */
export interface CommandAction {
  readonly kind: "command";
  readonly templates: CommandTemplates;
  /** Milliseconds from the end of the start command to the stop command. */
  readonly closeAfter: number;
  /** The user who runs the commands; `undefined` means the daemon's own. */
  readonly user: string | undefined;
  /** Milliseconds that a command may take; `undefined` means no limit. */
  readonly timeout: number | undefined;
  /** What a knock does to a door that is open already. */
  readonly again: "extend" | "rerun";
}

/** The kernel opens services and closes them by itself. */
export interface NativeAction {
  readonly kind: "native";
  readonly services: readonly Service[];
  /** Milliseconds. */
  readonly openFor: number;
  /** Sesame denies the services to all other sources. */
  readonly protect: boolean;
}

/** Returns the services that a native door opens; none for a door of commands. */
export function openedServices({ action }: DoorConfig): readonly Service[] {
  return action.kind === "native" ? action.services : [];
}

/** Returns the services that native doors deny to all other sources, as their doors write them. */
export function protectedServices(doors: readonly DoorConfig[]): readonly Service[] {
  return doors.flatMap(({ action }) =>
    action.kind === "native" && action.protect ? action.services : [],
  );
}

/** How many decoys a door has unless it says otherwise. */
export const defaultDecoys = 32;

export const defaultOptions: ConfigOptions = {
  useSyslog: false,
  logFormat: "text",
  interfaces: undefined,
  maxAttempts: 1_000_000,
  maxCommands: 64,
  firewall: defaultBackend,
  table: "sesame",
  onJournalFailure: "open",
};

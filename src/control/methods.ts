// What an administrator can ask the daemon for, and what the answers hold. Times are milliseconds.
import type { Address } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";

/** Each method: what a request says, and what its answer holds. */
interface Methods {
  readonly status: { readonly params: NoParams; readonly result: Status };
  readonly doors: { readonly params: NoParams; readonly result: readonly DoorReport[] };
  readonly leases: { readonly params: NoParams; readonly result: readonly LeaseReport[] };
  readonly close: { readonly params: CloseParams; readonly result: Closed };
  readonly open: { readonly params: OpenParams; readonly result: Opened };
  readonly extend: { readonly params: ExtendParams; readonly result: LeaseReport };
  readonly reload: { readonly params: NoParams; readonly result: Reloaded };
  readonly protect: { readonly params: NoParams; readonly result: ProtectionReport };
  readonly unprotect: { readonly params: NoParams; readonly result: ProtectionReport };
  readonly guard: { readonly params: GuardParams; readonly result: Guarded };
  readonly confirm: { readonly params: ConfirmParams; readonly result: Confirmed };
}

/** What is answered once. There is one more: `watch`, which takes no parameters and has no end. */
export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M]["params"];
export type Result<M extends Method> = Methods[M]["result"];

export type NoParams = Readonly<Record<string, never>>;

/** Which leases to close: those of a door, of an address, of both at once, or all. */
export interface CloseParams {
  readonly door?: string;
  readonly address?: Address;
  readonly all?: true;
  /** End the connections that were made through the door, too. */
  readonly cut?: boolean;
}

export interface OpenParams {
  readonly door: string;
  readonly address: Address;
  /** How long, instead of what the configuration says. */
  readonly for?: number;
}

/** From now on the lease lasts at least this long. It never gets shorter. */
export interface ExtendParams {
  readonly door: string;
  readonly address: Address;
  readonly for: number;
}

/** Protects services on trial: without `confirm` all is soon as before. */
export interface GuardParams {
  /** Where the administrator comes from: open as long as the trial lasts. */
  readonly address: Address;
  /** The far end of the connection that he asks on; absent: he sits at the console. */
  readonly port?: number;
  /** What to protect, as `tcp/22`; absent: all that native doors open. */
  readonly services?: readonly string[];
  /** How long the trial lasts, instead of a minute. */
  readonly for?: number;
}

/** The connection that shows that he still gets in, or the console, which needs no such proof. */
export type ConfirmParams =
  | { readonly address: Address; readonly port: number }
  | { readonly console: true };

export interface Status {
  /** Sesame's. */
  readonly version: string;
  readonly pid: number;
  /** Since the daemon started. */
  readonly uptime: number;
  readonly configFile: string;
  /** Those it listens on; `any` alone means all. */
  readonly interfaces: readonly string[];
  /** How many there are. */
  readonly doors: number;
  readonly leases: number;
  /** How many knocks are under way: the first number counts those at stage 1, and so on. */
  readonly attempts: readonly number[];
  readonly capture: CaptureReport;
  readonly firewall: FirewallStatus;
  readonly journal: JournalStatus;
  /** What an administrator should look at: a sentence each. */
  readonly problems: readonly string[];
}

/** Since the daemon started. */
interface CaptureReport {
  /** Packets that passed the kernel's filter. */
  readonly received: number;
  /** Of those, what the kernel threw away because the ring was full. */
  readonly dropped: number;
}

interface FirewallStatus {
  readonly kind: "nftables" | "ipset" | "commands" | "memory";
  /** Services that only open sources reach, as `tcp/22`. */
  readonly protects: readonly string[];
  /** Those that are protected for a moment only, unless somebody confirms it. */
  readonly trial?: { readonly services: readonly string[]; readonly remaining: number };
}

interface JournalStatus {
  readonly path: string;
  /** Why it cannot be written; absent if it can. */
  readonly problem?: string;
}

/** A door, but for the ports of its sequence: they are what nobody may know. */
export interface DoorReport {
  readonly name: string;
  /** How many steps the sequence has; 0 if there is none left. */
  readonly steps: number;
  /** The protocols that occur in it. */
  readonly protocols: readonly Protocol[];
  /** How many ports are watched for it to catch scanners. */
  readonly decoys: number;
  /** From the first step to the last. */
  readonly timeout: number;
  /** Who closes it: the kernel, a command of ours, or nobody (a command that opens, or does something else). */
  readonly kind: "native" | "lease" | "command";
  /** What a native door opens, as `tcp/22` or `icmp`; empty for others. */
  readonly opens: readonly string[];
  /** How long it stays open; absent if nobody closes it. */
  readonly lasts?: number;
  readonly state: "enabled" | "disabled";
  /** How many sources it is open for now. */
  readonly open: number;
}

export interface LeaseReport {
  readonly door: string;
  readonly source: Address;
  readonly since: Date;
  /** Until it is closed; 0 if that is overdue. */
  readonly remaining: number;
  readonly kind: "native" | "command";
  readonly state: "opening" | "open" | "closing";
}

export interface Closed {
  /** The leases that are no more. */
  readonly closed: readonly { readonly door: string; readonly source: Address }[];
  /** How many connections were ended. */
  readonly cut: number;
}

export interface Opened {
  /** Absent if nobody closes what was opened. */
  readonly lease?: LeaseReport;
}

export type Reloaded =
  | {
      readonly kind: "reloaded";
      readonly file: string;
      /** Names of doors. */
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly changed: readonly string[];
      /** Directives of the section [options] that say something else now. */
      readonly options: readonly string[];
      /** A line each, with file and place. */
      readonly warnings: readonly string[];
    }
  /** The old configuration stays. */
  | { readonly kind: "refused"; readonly file: string; readonly problems: readonly string[] };

export interface ProtectionReport {
  /** What is protected now, as `tcp/22`. */
  readonly services: readonly string[];
}

export interface Guarded {
  /** What is on trial, as `tcp/22`. */
  readonly services: readonly string[];
  readonly address: Address;
  /** Until all is as before. */
  readonly remaining: number;
  /** Names of the doors that open these services. */
  readonly doors: readonly string[];
  /** What the administrator may have overlooked: a sentence each. */
  readonly warnings: readonly string[];
}

export interface Confirmed {
  /** What stays protected, as `tcp/22`. */
  readonly services: readonly string[];
  readonly doors: readonly string[];
  /** His address, and how long it stays open without a knock; absent: it is not open any more. */
  readonly address?: Address;
  readonly remaining?: number;
}

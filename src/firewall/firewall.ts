import type { AccessOwner } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";
import type { OpenedService } from "../base/service.ts";

/** What is opened for one source, and how: ready to be carried out. */
export type Access = CommandAccess | NativeAccess;

export interface CommandAccess extends AccessParts {
  readonly method: CommandMethod;
}

export interface NativeAccess extends AccessParts {
  readonly method: NativeMethod;
}

/** What every access has. */
export interface AccessParts {
  readonly owner: AccessOwner;
  readonly source: Address;
  /** The packet that completed the knock; undefined if an administrator opened the door. */
  readonly knock: { readonly port: number; readonly protocol: Protocol } | undefined;
  /** The device whose key opened the door, or `knockctl` for an administrator; absent for a sequence. */
  readonly who?: string;
  /** The gateway of the fleet at which that was; absent if at this one. */
  readonly origin?: string;
}

/** By the commands of the configuration. */
export interface CommandMethod {
  readonly kind: "command";
  /** Shell text that opens. */
  readonly start: string;
  /** Shell text that closes; undefined: nothing closes this door. */
  readonly stop: string | undefined;
  /** The user who runs them; undefined: the daemon's own. */
  readonly user: string | undefined;
  /** How long a command may take: milliseconds; undefined: as long as it likes. */
  readonly timeout: number | undefined;
  /** Which commands run one at a time: those of this name; "no": none; undefined: those of one program. */
  readonly serial: string | undefined;
}

/** By the kernel, which closes by itself. */
export interface NativeMethod {
  readonly kind: "native";
  readonly services: readonly OpenedService[];
}

/** How opening or closing ended. */
export type FirewallResult =
  | (CommandOutput &
      (
        | { readonly kind: "done" }
        /** It was carried out, and ended with this status, which is not 0. */
        | { readonly kind: "failed"; readonly status: number }
        | { readonly kind: "killed"; readonly signal: string }
        /** It took longer than it may, and was ended. */
        | { readonly kind: "timed-out" }
      ))
  /** It was not carried out at all. */
  | { readonly kind: "not-started"; readonly reason: string };

interface CommandOutput {
  /** The first line that a command wrote to its standard error, shortened, without control characters. */
  readonly stderr?: string;
}

export function isNative(access: Access): access is NativeAccess {
  return access.method.kind === "native";
}

/**
 * How doors are opened. `Kind` says which ones: the wrong kind of access does not compile.
 *
 * - `open` and `close` begin at once, side by side with whatever else is going on, or, if they could be in
 *   each other's way, all of them as soon as what was asked for before has ended. The promise is fulfilled
 *   when they have ended, and never rejected.
 * - The caller keeps the order: `close` is called after `open` has ended. Closing what is closed
 *   already is fine.
 * - Where the kernel closes by itself, it does so `length` milliseconds after the last `open`, whether
 *   this process lives or not. Opening again restarts the time, and never makes it shorter.
 */
export interface Firewall<Kind extends Access = Access> {
  /** Nothing is opened or closed; the caller logs what would be. */
  readonly isDryRun?: boolean;
  /**
   * `hold`: a descriptor that the opening process inherits and keeps open until it has ended. The caller keeps
   * it open until the promise is fulfilled.
   */
  readonly open: (access: Kind, length: number, hold?: number) => Promise<FirewallResult>;
  readonly close: (access: Kind) => Promise<FirewallResult>;
}

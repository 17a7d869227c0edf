import type { AccessOwner } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Access, FirewallResult } from "../firewall/firewall.ts";
import { administratorName } from "./holders.ts";

/** What opened a door: a sequence, a key, an administrator, or the kernel without knockd. */
type OpenedBy = "knock" | "key" | "administrator" | "kernel";

/** What opened a door, and the device whose key that was. */
export interface AccessOpener {
  readonly by: OpenedBy;
  readonly who?: string;
}

/** Why a door was closed: its time was over, or an administrator closed it. */
export type ClosedBecause = "due" | "administrator";

/** Why what could not be closed counts as closed: an administrator says so, or there are too many. */
type ForgottenBecause = "administrator" | "limit";

/** What became of an access, for those that keep account of it. */
export type AccessEvent = AccessSubject &
  (
    | ({
        /** The command starts, or the kernel has opened. */
        readonly kind: "opened";
      } & AccessOpener)
    | ({
        /** An open door stays open for longer. */
        readonly kind: "extended";
      } & AccessOpener)
    | {
        /** The command that opens has ended, or the kernel refused to open. */
        readonly kind: "ended";
        readonly result: FirewallResult;
      }
    | { readonly kind: "closed"; readonly because: ClosedBecause }
    | {
        /** The first attempt to close has failed, or the last one. */
        readonly kind: "close-failed";
        readonly result: FirewallResult;
      }
    | { readonly kind: "forgotten"; readonly because: ForgottenBecause }
  );

interface AccessSubject {
  readonly owner: AccessOwner;
  readonly source: Address;
  readonly method: Access["method"]["kind"];
  /** The gateway of the fleet that opened it; absent if this one did. */
  readonly origin?: string;
}

export type AccessListener = (event: AccessEvent) => void;

/** Returns what opened an access. */
export function openerOf({ knock, who, origin }: Access): AccessOpener {
  if (who === administratorName) return { by: "administrator" };
  if (who !== undefined) return { by: "key", who };
  if (origin !== undefined) return { by: "knock" };
  return { by: knock === undefined ? "administrator" : "knock" };
}

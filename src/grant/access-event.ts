import type { AccessOwner } from "../base/access-owner.ts";
import type { Address } from "../base/address.ts";
import type { Access, FirewallResult } from "../firewall/firewall.ts";

/** Who opened a door. */
export type OpenedBy = "knock" | "administrator";

/** Why a door was closed: its time was over, or an administrator closed it. */
export type ClosedBecause = "due" | "administrator";

/** What became of an access, for those that keep account of it. */
export type AccessEvent = AccessSubject &
  (
    | {
        /** The command starts, or the kernel has opened. */
        readonly kind: "opened";
        readonly by: OpenedBy;
      }
    | {
        /** An open door stays open for longer. */
        readonly kind: "extended";
        readonly by: OpenedBy;
      }
    | {
        /** The command that opens has ended, or the kernel refused to open. */
        readonly kind: "ended";
        readonly result: FirewallResult;
      }
    | { readonly kind: "closed"; readonly because: ClosedBecause }
  );

interface AccessSubject {
  readonly owner: AccessOwner;
  readonly source: Address;
  readonly method: Access["method"]["kind"];
}

export type AccessListener = (event: AccessEvent) => void;

/** Returns who opened an access. */
export function openedBy({ knock }: Access): OpenedBy {
  return knock === undefined ? "administrator" : "knock";
}

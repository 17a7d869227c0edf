import type { Access } from "../firewall/firewall.ts";

/** An opening that lasts for a time. There is one for each owner and source. */
export interface Lease {
  readonly id: number;
  readonly access: Access;
  /** From the opening, or from a later knock, to the closing: milliseconds. */
  readonly length: number;
  /** When it was asked for, and when it ends: milliseconds on the clock's `now()`. */
  readonly since: number;
  readonly due: number;
  /**
   *     opening --opened--> open --close--> closing --closed--> (gone)
   */
  readonly state: "opening" | "open" | "closing";
}

/** What happens to leases. All that is known of them follows from these, in their order. */
export type LeaseEvent =
  | {
      readonly op: "open";
      readonly id: number;
      readonly access: Access;
      readonly length: number;
      readonly since: number;
    }
  /** The opening has ended; the lease is due then. */
  | { readonly op: "opened"; readonly id: number; readonly due: number }
  /** A knock, or an administrator, made it end at another time. */
  | { readonly op: "extend"; readonly id: number; readonly due: number }
  /** The closing begins. */
  | { readonly op: "close"; readonly id: number }
  | { readonly op: "closed"; readonly id: number };

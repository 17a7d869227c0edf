import type { BackendKind, ProtectingKind } from "../base/backends.ts";
import type { Service } from "../base/service.ts";
import type { BackendParts, NativeBackend, ProtectingBackend } from "./backend.ts";
import { IpsetFirewall } from "./ipset/ipset.ts";
import { NftablesFirewall } from "./nftables/nftables.ts";

export interface Starter {
  /**
   * Makes what the backend needs in the kernel, and protects these services if it can. What is open stays
   * open. Throws FIREWALL.
   */
  readonly start: (parts: BackendParts, services: readonly Service[]) => Promise<NativeBackend>;
  /** Ends the protection of a table that this process has not started, where it can protect. Throws FIREWALL. */
  readonly unprotect?: (table: string) => Promise<void>;
  /**
   * Removes the table of an earlier configuration, where it can protect, unless a daemon uses it. Resolves to
   * whether there was one. Throws FIREWALL.
   */
  readonly remove?: (table: string) => Promise<boolean>;
  /** Returns what the table of an earlier process protects for good, where it can protect. Throws FIREWALL. */
  readonly listLeft?: (table: string) => readonly Service[];
}

interface ProtectingStarter extends Required<Starter> {
  readonly start: (parts: BackendParts, services: readonly Service[]) => Promise<ProtectingBackend>;
}

const rows: Readonly<Record<ProtectingKind, ProtectingStarter> & Record<BackendKind, Starter>> = {
  nftables: NftablesFirewall,
  ipset: IpsetFirewall,
};

/** How each firewall of src/base/backends.ts is started. */
export const starters: Readonly<Record<BackendKind, Starter>> = rows;

import type { Condition } from "./packet.ts";

/** What a rule does with a packet that meets its conditions. */
export type RuleVerdict =
  | {
      /**
       * `next`: nothing that decides; `translate`: another destination, perhaps another host;
       * `untrack`: conntrack ignores it; `unknown`: any of these.
       */
      readonly kind: "accept" | "drop" | "return" | "next" | "translate" | "untrack" | "unknown";
    }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

export interface FilterRule {
  readonly condition: Condition;
  readonly verdict: RuleVerdict;
}

/** Where the kernel gives packets to a chain. */
export interface ChainHook {
  readonly name: string;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  /** The interfaces of an ingress hook; empty for others. */
  readonly devices: readonly string[];
}

export interface FilterChain {
  readonly name: string;
  readonly rules: readonly FilterRule[];
  /** `undefined`: only other chains lead to it. */
  readonly hook: ChainHook | undefined;
}

export interface FilterTable {
  /** The program that changes it. */
  readonly tool: "nft" | "iptables-nft" | "iptables-legacy";
  /** The family as nft names it. */
  readonly family: string;
  readonly name: string;
  readonly chains: ReadonlyMap<string, FilterChain>;
}

/** Returns whether a table sees packets of this family of addresses. */
export function seesFamily({ family }: FilterTable, packet: 4 | 6): boolean {
  if (family === "ip") return packet === 4;
  return family === "ip6" ? packet === 6 : family === "inet" || family === "netdev";
}

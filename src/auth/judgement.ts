import type { KnockRequest } from "../knock/packet.ts";
import type { HintedKey } from "./hints.ts";

/** How a packet came. */
export type Carrier = "udp" | "stun";

/** The check that refused a packet whose sender is unknown. */
export type StrangerRefusal = "form" | "hint" | "budget" | "tag";

/** The check that refused a packet of a known key. */
export type KeyRefusal =
  | "repeated"
  | "repeated-elsewhere"
  | "form"
  | "clock"
  | "replay"
  | "start"
  | "rate"
  | "signature";

/** What the first ten checks say of a packet. */
export type Judgement<Key extends HintedKey> =
  | {
      readonly kind: "stranger";
      readonly carrier: Carrier;
      readonly check: StrangerRefusal;
      /** Whose hint it bears; any source can have seen that. */
      readonly key?: Key;
    }
  | {
      readonly kind: "refused";
      readonly carrier: Carrier;
      readonly check: KeyRefusal;
      readonly key: Key;
      /** How much its clock is ahead of this one, if that is known: milliseconds. */
      readonly offset: number | undefined;
    }
  | {
      readonly kind: "authentic";
      readonly carrier: Carrier;
      readonly key: Key;
      readonly request: KnockRequest;
      readonly offset: number;
    };

import type { FwknopFault } from "../knock/fwknop-packet.ts";
import type { KeyId } from "../knock/keys.ts";
import type { KnockRequest } from "../knock/packet.ts";

/** How a packet came. */
export type Carrier = "udp" | "stun" | "fwknop";

/** The check that refused a packet whose sender is unknown. */
export type UnauthenticatedRefusal = "form" | "hint" | "budget" | "tag" | "hmac";

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

/** The check that refused a packet of a known key of fwknop. */
export type FwknopRefusal = FwknopFault | "clock" | "user" | "start" | "replay" | "full";

/** What is said of a packet before the rights of its device are looked at. */
export type Judgement<Key, Request = KnockRequest> =
  | {
      readonly kind: "unauthenticated";
      readonly carrier: Carrier;
      readonly check: UnauthenticatedRefusal;
      /** Whose hint it bears; any source can have seen that. */
      readonly key?: Key;
    }
  | {
      readonly kind: "refused";
      readonly carrier: Carrier;
      readonly check: KeyRefusal | FwknopRefusal;
      readonly key: Key;
      /** How much its clock is ahead of this one, if that is known: milliseconds. */
      readonly offset: number | undefined;
    }
  | {
      readonly kind: "authentic";
      readonly carrier: Carrier;
      readonly key: Key;
      readonly request: Request;
      readonly offset: number;
    };

/** A judgement of any kind of packet. */
export type WatchedJudgement = Judgement<{ readonly lock: { readonly id: KeyId } }, unknown>;

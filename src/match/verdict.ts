import type { Address } from "../base/address.ts";
import type { Door } from "./door.ts";

/** What a hit, or the time, meant for one source at one door. */
export type Verdict = { readonly door: Door; readonly source: Address } & (
  | {
      /** The knock has come to this stage; the last one is followed by `open`. */
      readonly kind: "stage";
      readonly stage: number;
    }
  | { readonly kind: "open" }
  | {
      /** A step that came again: nothing changes, but a first step restarts the time. */
      readonly kind: "repeat";
      readonly stage: number;
    }
  | {
      /** The knock is over: another door's port came in between, or too much time went by. */
      readonly kind: "failed";
      readonly stage: number;
      readonly why: "wrong-port" | "late";
    }
  | {
      /** A later step, counted from 1, while no knock is under way. Told by `explain` alone. */
      readonly kind: "not-started";
      readonly step: number;
    }
  | {
      /** A packet that this door must not count. */
      readonly kind: "ignored";
      readonly why: "flags" | "source" | "destination" | "retransmission";
    }
);

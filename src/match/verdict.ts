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
      /** The knock is over: another door's port or a decoy came in between, or too much time went by. */
      readonly kind: "failed";
      readonly stage: number;
      readonly why: "wrong-port" | "decoy" | "late";
    }
  | {
      /** A later step, counted from 1, while no knock is under way. Told by `explain` alone. */
      readonly kind: "not-started";
      readonly step: number;
    }
  | {
      /** A packet that this door must not count. */
      readonly kind: "ignored";
      readonly why: "flags" | "source" | "destination" | "retransmission" | "scanner";
    }
  | {
      /**
       * A decoy of this door was touched. If that was one too many, `scanner`, the source is ignored at
       * all doors for a minute; otherwise it is told by `explain` alone.
       */
      readonly kind: "decoy";
      readonly scanner: boolean;
    }
);

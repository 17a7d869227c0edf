import type { Address } from "../base/address.ts";
import type { Door } from "./door.ts";

/** What a hit, or the passing of time, meant for one source at one door. */
export type Verdict = { readonly door: Door; readonly source: Address } & (
  | {
      /** The knock has reached this stage; the last one is followed by `open`. */
      readonly kind: "stage";
      readonly stage: number;
    }
  | { readonly kind: "open" }
  | {
      /** A repeated step: nothing changes, but a repeated first step restarts the time. */
      readonly kind: "repeat";
      readonly stage: number;
    }
  | {
      /** The knock has failed: another door's port or a decoy came in between, or it ran out of time. */
      readonly kind: "failed";
      readonly stage: number;
      readonly why: "wrong-port" | "decoy" | "late";
    }
  | {
      /** A later step, counted from 1, without an attempt. Only `explain` returns it. */
      readonly kind: "not-started";
      readonly step: number;
    }
  | {
      /** A packet that does not count for this door. */
      readonly kind: "ignored";
      readonly why: "flags" | "source" | "destination" | "retransmission" | "scanner";
      /** A knock begins that is worth a line, and its source is ignored for so long yet: milliseconds. */
      readonly left?: number;
    }
  | {
      /**
       * The packet touched a decoy of this door. If this touch started an ignore period, `scanner` is true;
       * otherwise only `explain` returns it.
       */
      readonly kind: "decoy";
      readonly scanner: boolean;
    }
);

export type FailedVerdict = Verdict & { readonly kind: "failed" };

/** Returns the longest of several failed attempts of one source at one door: a door with repeated ports has several. */
export function longestOfEach(failed: readonly FailedVerdict[]): readonly FailedVerdict[] {
  const found = new Map<Door, Map<string, FailedVerdict>>();
  for (const verdict of failed) {
    const { w0, w1, w2, w3 } = verdict.source;
    const source = `${w0},${w1},${w2},${w3}`;
    const ofDoor = found.get(verdict.door) ?? new Map<string, FailedVerdict>();
    found.set(verdict.door, ofDoor);
    if ((ofDoor.get(source)?.stage ?? 0) < verdict.stage) ofDoor.set(source, verdict);
  }
  return [...found.values()].flatMap((ofDoor) => [...ofDoor.values()]);
}

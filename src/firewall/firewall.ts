import type { Address } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";

/** What to do to open a door for one source, and to close it: ready to be carried out. */
export interface Passage {
  readonly door: string;
  /** Which of the doors of this name, counted from 1: nothing keeps two from having one name. */
  readonly nth: number;
  readonly source: Address;
  /** The packet that completed the knock. */
  readonly port: number;
  readonly protocol: Protocol;
  /** Shell text that opens. */
  readonly start: string;
  /** Shell text that closes; undefined: nothing closes this door. */
  readonly stop: string | undefined;
}

/** How opening or closing ended. */
export type Outcome =
  | { readonly kind: "done" }
  /** It was carried out, and ended with this status, which is not 0. */
  | { readonly kind: "failed"; readonly status: number }
  | { readonly kind: "killed"; readonly signal: string }
  /** It was not carried out at all. */
  | { readonly kind: "not-started"; readonly reason: string };

/**
 * How doors are opened.
 *
 * - `open` and `close` begin at once, side by side with whatever else is going on; the promise is
 *   fulfilled when they have ended, and never rejected.
 * - Whoever calls keeps order: `close` is called when `open` has ended, once for each.
 * - Both may take for ever; nothing here limits them.
 */
export interface Firewall {
  open(passage: Passage): Promise<Outcome>;
  /** Only for passages that have a `stop`. */
  close(passage: Passage): Promise<Outcome>;
}

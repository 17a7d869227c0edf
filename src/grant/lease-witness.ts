import type { Monotonic } from "../base/time.ts";
import type { LeaseKey } from "./ledger.ts";

/**
 * Is told of what is opened here, before anything else is done with it: it must return at once. What the fleet has
 * opened is not told, nor is the end of a time. `holder` as in `Holders`.
 */
export interface LeaseWitness {
  /** A holder is let in until `due`, or stays longer. It may be told twice of the same. */
  opened(key: LeaseKey, holder: string, due: Monotonic): void;
  /** A command starts that nothing undoes. */
  ran(key: LeaseKey, holder: string): void;
}

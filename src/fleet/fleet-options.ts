import type { Clock } from "../base/clock.ts";
import type { Board } from "./board.ts";
import type { FleetConfiguration } from "./configuration.ts";
import type { HolderChange } from "./knowledge.ts";
import type { StampedHolder } from "./local-leases.ts";
import type { FleetSeal } from "./seal.ts";
import type { SingleUse } from "./single-use.ts";

/** What a gateway's part in a fleet needs. */
export interface FleetOptions {
  /** The name of this gateway. */
  readonly gateway: string;
  /** Of the program. */
  readonly version: string;
  readonly seal: FleetSeal;
  readonly clock: Clock;
  /** Connects to the store. Throws a `BoardError`. */
  readonly connect: () => Promise<Board>;
  /** Returns how many leases are open at this gateway. */
  readonly openLeases: () => number;
  /** Told how long ago another gateway told something that this one hears now: milliseconds. */
  readonly onDelay: (milliseconds: number) => void;
  /** Returns what this gateway is configured with; the same object as long as that is the same. */
  readonly configuration: () => FleetConfiguration;
  /**
   * Told what other gateways changed: each batch of the log, or a whole table, taken together. What it returns
   * resolves when all closings that this began have ended: they are acknowledged then. It never rejects.
   */
  readonly onChange: (changes: readonly HolderChange[]) => PromiseLike<unknown> | undefined;
  /** Told the stamps of what was opened here before the store was joined for the first time. */
  readonly onStamped: (stamped: readonly StampedHolder[]) => void;
  /** Told what other gateways used. */
  readonly onUsed: (uses: readonly SingleUse[]) => void;
  /** Told of what this gateway used without a claim, and another gateway, too. */
  readonly onDoubleUse: (use: SingleUse) => void;
  /** Told when the store was joined. */
  readonly onJoined: () => void;
  /** Told once why the store was lost, or could not be joined at first. */
  readonly onLost: (why: string) => void;
  /** Told what must not happen: an error that is no `BoardError`, in what nothing waits for. */
  readonly onMistake?: (error: unknown) => void;
}

import type { StoreFacts } from "./board.ts";
import type { ResyncReason } from "./fleet-session.ts";
import type { IncomingCounts } from "./incoming.ts";
import type { ClaimResult } from "./single-uses.ts";

/** How it goes with the store. */
export interface FleetState {
  readonly isJoined: boolean;
  /** Why the store is not joined, or what it refuses. */
  readonly failure: string | undefined;
  /** Records that wait to be told, and that were told. */
  readonly waiting: number;
  readonly told: number;
  /** Uses without a claim that wait to be claimed. */
  readonly unclaimed: number;
  /** How many claims had which result. */
  readonly claims: Readonly<Record<ClaimResult, number>>;
  readonly incoming: IncomingCounts;
  /** How often the whole table was read, and why. */
  readonly resyncs: Readonly<Record<ResyncReason, number>>;
  /** What the store said of itself last. */
  readonly facts: StoreFacts | undefined;
  /** The last jump of the store's clock, in milliseconds; 0 if there was none. */
  readonly clockJump: number;
}

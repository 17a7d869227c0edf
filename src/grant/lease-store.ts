import type { LeaseEvent } from "./lease.ts";

/** Where leases are recorded for the next daemon. It never throws. */
export interface LeaseStore {
  /** Why nothing can be written; undefined while writing works. */
  readonly trouble: string | undefined;
  /** Restarts with the present content of the ledger. */
  restart(): void;
  /** Records an event that the ledger has just applied, a moment later and in the order of the events. */
  write(event: LeaseEvent): void;
  /** Resolves when everything so far is durable; to false if that failed, within 2 s. */
  commit(): Promise<boolean>;
}

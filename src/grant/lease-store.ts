import type { LeaseEvent } from "./lease.ts";

/** Where leases are recorded for the next daemon. It never throws. */
export interface LeaseStore {
  /** Why nothing can be written; undefined while writing works. */
  readonly trouble: string | undefined;
  /** Begins anew with what the ledger holds now. */
  restart(): void;
  /** Records an event that the ledger has just applied. Returns false if that failed. */
  write(event: LeaseEvent): boolean;
  /** Resolves when everything is durable; to false if that failed. */
  commit(): Promise<boolean>;
}

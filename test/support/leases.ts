import type { Lease } from "../../src/grant/lease.ts";

/** The leases as the next daemon finds them: a start command that was not known to have ended is an orphan. */
export function asFound(leases: readonly Lease[]): Lease[] {
  return leases.map((lease) =>
    lease.state.kind === "queued" || lease.state.kind === "starting"
      ? { ...lease, state: { kind: "orphaned", wait: "waiting" } }
      : lease,
  );
}

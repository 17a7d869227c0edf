import type { HolderSubject } from "../../fleet/subject.ts";
import type { LeaseKey } from "../../grant/ledger.ts";

/** Returns what the fleet calls a holder of a lease, or undefined if the lease belongs to no door. */
export function subjectOf({ owner, source }: LeaseKey, who: string): HolderSubject | undefined {
  if (owner.kind !== "door") return undefined;
  return { kind: "holder", door: owner.name, nth: owner.nth, source, who };
}

/** Returns the lease that a holder of the fleet has. */
export function leaseKeyOf({ door, nth, source }: HolderSubject): LeaseKey {
  return { owner: { kind: "door", name: door, nth }, source };
}

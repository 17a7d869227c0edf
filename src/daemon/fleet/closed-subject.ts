import type { Address } from "../../base/address.ts";
import type { ClosingScope } from "../../fleet/subject.ts";

/** What is closed: all where both are absent. */
export interface ClosedSubject {
  /** The name of doors. */
  readonly door?: string | undefined;
  readonly source?: Address | undefined;
}

/** Returns what the fleet calls that. */
export function scopeOf({ door, source }: ClosedSubject): ClosingScope {
  if (door === undefined)
    return source === undefined ? { kind: "all" } : { kind: "source", source };
  return source === undefined ? { kind: "door", door } : { kind: "door-source", door, source };
}

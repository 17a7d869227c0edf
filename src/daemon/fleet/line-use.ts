import type { AccessOwner } from "../../base/access-owner.ts";
import type { ClaimedUse } from "../../fleet/single-uses.ts";
import type { UsedLine } from "../doors.ts";

/** Milliseconds that others hear of a used line: 30 days. The mark in the store has no end. */
const life = 30 * 86_400_000;

/** Returns what a line of a one-time list is to the fleet; undefined if it is of no door. */
export function useOfLine(owner: AccessOwner, line: UsedLine): ClaimedUse | undefined {
  if (owner.kind !== "door") return undefined;
  const { offset, sequence, unused } = line;
  const use = { kind: "line", door: owner.name, nth: owner.nth, offset, sequence } as const;
  return { use, life, unused };
}

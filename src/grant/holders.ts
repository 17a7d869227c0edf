import type { Monotonic } from "../base/time.ts";
import { latest, longAgo } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";

/**
 * Who holds a lease, and until when: devices by their names, an administrator as `knockctl`, and all
 * sequences as one holder without a name.
 */
export type Holders = ReadonlyMap<string, Monotonic>;

/** What the fleet knows of a holder: when it came in, and the gateway at which, if not at this one. */
export interface HolderMark {
  /** As in `FleetOpening`. */
  readonly stamp: number;
  readonly origin?: string;
}

export type HolderMarks = ReadonlyMap<string, HolderMark>;

/** The holder that `knockctl open` and `knockctl extend` add. No device has this name: theirs have a slash. */
export const administratorName = "knockctl";

/** Returns the name of the holder that an access is for; empty for a sequence. */
export function holderOf({ who = "" }: Pick<Access, "who">): string {
  return who;
}

/** Returns the member `who` of an access or an event; none for the holder without a name. */
export function whoMember(holder: string): { readonly who?: string } {
  return holder === "" ? {} : { who: holder };
}

/** Returns when the last of these holders leaves, or `otherwise` if there are none. */
export function lastDue(holders: Holders, otherwise: Monotonic): Monotonic {
  if (holders.size === 0) return otherwise;
  return [...holders.values()].reduce(latest, longAgo);
}

/** Returns the names of those who have not left at `now`. */
export function holdersAt(holders: Holders, now: Monotonic): string[] {
  return [...holders].filter(([, due]) => due > now).map(([holder]) => holder);
}

/** Returns the marks with that of a holder; without a stamp the fleet knows nothing new. */
export function withMark(
  marks: HolderMarks,
  holder: string,
  { stamp, origin }: { readonly stamp?: number | undefined; readonly origin?: string | undefined },
): HolderMarks {
  if (stamp === undefined) return marks;
  return new Map([...marks, [holder, { stamp, ...(origin !== undefined && { origin }) }]]);
}

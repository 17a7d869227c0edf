import type { Lease } from "../lease.ts";
import { Ledger } from "../ledger.ts";
import type { ClockReading, LeaseRecord } from "./record.ts";

/**
 * What a new daemon has to do about a lease of an earlier one:
 * - `keep`: it is open, and ends at its `due`
 * - `close`: close it now
 * - `settle`: nobody knows whether its start command still runs: close it when that has ended, or
 *   a while after its `due` at the latest
 */
export interface Recovered {
  readonly lease: Lease;
  readonly plan: "keep" | "close" | "settle";
}

/** Where the journal does not tell: as if a boot had come between, long ago. */
const unknown: ClockReading = { boot: "", now: 0, wall: 0 };

/**
 * Which leases are still to be closed, by the records of the daemons before, as seen from `here`.
 * Their times are on our clock afterwards; after a boot none lasts longer than was left of it before, or
 * than its length.
 *
 * A lease of a command that belongs to an earlier boot is closed, never kept: its rules went with the
 * boot, and whatever else it did must end. A native one lives on, by the wall clock, unless that was
 * set back meanwhile.
 */
export function recover(records: readonly LeaseRecord[], here: ClockReading): Recovered[] {
  const ledger = new Ledger();
  const startOf = new Map<number, ClockReading>();
  let start: ClockReading = unknown;
  let end: ClockReading | undefined;
  for (const record of records) {
    if (record.op === "start") start = record;
    else if (record.op === "end") end = record;
    else ledger.apply(record);
    if (record.op === "open") startOf.set(record.id, start);
  }
  return ledger.leases.map((lease) => {
    const opener = startOf.get(lease.id) ?? unknown;
    // What was left when its daemon ended is the most that is left now. After a crash nobody knows, and
    // its length must do.
    const left = end?.boot === opener.boot ? lease.due - end.now : lease.length;
    return { lease: moveTo(here, opener, left, lease), plan: planFor(lease, opener, here) };
  });
}

/** `left`: how long the lease lasts at most: milliseconds. */
function moveTo(here: ClockReading, start: ClockReading, left: number, lease: Lease): Lease {
  // Within a boot the monotonic clock goes on; from one to the next only the wall clock does, which
  // may have been set.
  if (start.boot === here.boot) return lease;
  const shift = here.now - here.wall - (start.now - start.wall);
  const due = Math.min(lease.due + shift, here.now + left);
  return { ...lease, since: Math.min(lease.since + shift, here.now), due };
}

function planFor(lease: Lease, start: ClockReading, here: ClockReading): Recovered["plan"] {
  if (lease.access.method.kind === "native") {
    // A date before its opening tells that the clock was set back: nobody knows how long it was open.
    const opened = start.wall + lease.since - start.now;
    return start.boot !== here.boot && here.wall < opened ? "close" : "keep";
  }
  if (start.boot !== here.boot || lease.state === "closing") return "close";
  return lease.state === "opening" ? "settle" : "keep";
}

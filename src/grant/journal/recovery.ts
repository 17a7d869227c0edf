import { Address } from "../../base/address.ts";
import type { Monotonic, WallTime } from "../../base/time.ts";
import { earliest, later, latest, monotonic, wallTime } from "../../base/time.ts";
import type { Lease, LeaseEvent, LeaseState } from "../lease.ts";
import { failureOf, withHolders } from "../lease.ts";
import { Ledger } from "../ledger.ts";
import type { ClockReading, LeaseRecord } from "./record.ts";
import { isSameClock } from "./record.ts";

/** Stands in where the journal does not tell the start: as if a boot had come between, long ago. */
const unknown: ClockReading = { boot: "", now: monotonic(0), wall: wallTime(0) };

/**
 * Returns the leases that earlier daemons left, by their records, in the states in which they begin here:
 * - `open`: it ends at its `due`
 * - `closing`: it is to be closed now
 * - `orphaned`: its start command may still run
 *
 * `lostLines` is how many lines of the journal cannot be read. A lease whose beginning was in one of them
 * can only be named: it is one that could not be closed. One lease stands for all beginnings of which no
 * other line tells.
 *
 * Times are on the clock of `here`. After a boot, and in another time namespace, none lasts longer than was
 * left of it before, or than its length.
 *
 * A lease of a command whose time was on another clock is closed, never kept: it is unknown how long it was
 * open, and after a boot its rules are gone. A native one lives on, by the wall clock, unless that was set
 * back meanwhile.
 */
export function recover(
  records: readonly LeaseRecord[],
  here: ClockReading,
  lostLines = 0,
): Lease[] {
  const ledger = new Ledger();
  /** The ends of leases without a beginning, by the wall clock. */
  const headless = new Map<number, WallTime | undefined>();
  /** All leases without a beginning, also those that were closed. */
  const told = new Set<number>();
  const startOf = new Map<number, ClockReading>();
  let start: ClockReading = unknown;
  let end: ClockReading | undefined;
  for (const record of records) {
    if (record.op === "start") start = record;
    else if (record.op === "end") end = record;
    else ledger.apply(record);
    if (record.op === "open") startOf.set(record.id, start);
    if ("id" in record && !startOf.has(record.id)) {
      noteHeadless(headless, record, start);
      told.add(record.id);
    }
  }
  if (lostLines > told.size) {
    const free = [...told].reduce((next, id) => Math.max(next, id + 1), ledger.nextId);
    headless.set(free, undefined);
  }
  const lost = lostLines > 0 ? [...headless].map((one) => lostLease(...one, here)) : [];
  const found = ledger.leases.map((lease) => {
    const opener = startOf.get(lease.id) ?? unknown;
    // What was left when its daemon ended is the most that is left now. After a crash that is unknown,
    // and its length must do.
    const ended = end !== undefined && isSameClock(end, opener) ? end.now : undefined;
    const state = stateOf(lease, opener, here);
    return moveTo(here, opener, ended, { ...lease, state });
  });
  return [...found, ...lost];
}

/** Notes what a record says of a lease that no record begins. */
function noteHeadless(
  ends: Map<number, WallTime | undefined>,
  event: LeaseEvent,
  start: ClockReading,
): void {
  if (event.op === "closed") ends.delete(event.id);
  else if ("due" in event) ends.set(event.id, later(start.wall, event.due - start.now));
  else ends.set(event.id, ends.get(event.id));
}

/** Returns a lease of which only the number is known, and perhaps its end. */
function lostLease(id: number, ended: WallTime | undefined, { now }: ClockReading): Lease {
  const method = {
    kind: "command",
    start: "",
    stop: undefined,
    user: undefined,
    timeout: undefined,
    serial: undefined,
  } as const;
  const owner = { kind: "lost", nth: id } as const;
  const access = { owner, source: Address.v4(0), knock: undefined, method };
  const result = { kind: "lost", ...(ended !== undefined && { ended }) } as const;
  const failure = { result, attempts: 1, runs: 0, since: now };
  const state = { kind: "closing", failure } as const;
  return { id, access, length: 0, since: now, by: new Map(), marks: new Map(), due: now, state };
}

/** Returns whether the clock of `here` goes on from the one that a lease has its times of. */
function goesOn({ since }: Lease, start: ClockReading, here: ClockReading): boolean {
  // A clock that is behind its own past is another one, whatever it is called.
  return isSameClock(start, here) && here.now >= latest(start.now, since);
}

/** `ended`: when the daemon of the lease ended, if that is known. */
function moveTo(
  here: ClockReading,
  start: ClockReading,
  ended: Monotonic | undefined,
  lease: Lease,
): Lease {
  // From one clock to another only the wall clock goes on, which may have been set.
  if (goesOn(lease, start, here)) return lease;
  const shift = here.now - here.wall - (start.now - start.wall);
  const move = (time: Monotonic) => earliest(later(time, shift), here.now);
  const leftAt = (due: Monotonic) => (ended === undefined ? lease.length : due - ended);
  const moveDue = (due: Monotonic) => earliest(later(due, shift), later(here.now, leftAt(due)));
  const by = new Map([...lease.by].map(([holder, due]) => [holder, moveDue(due)]));
  const failure = failureOf(lease);
  const moved = withHolders({ ...lease, since: move(lease.since) }, by);
  if (failure === undefined) return moved;
  return {
    ...moved,
    state: { kind: "closing", failure: { ...failure, since: move(failure.since) } },
  };
}

function stateOf(lease: Lease, start: ClockReading, here: ClockReading): LeaseState {
  const { state } = lease;
  if (state.kind === "closing") return state;
  // The last holder has left, and the closing was not recorded.
  if (lease.by.size === 0) return { kind: "closing" };
  const isOnThisClock = goesOn(lease, start, here);
  if (lease.access.method.kind === "native") {
    // A date before its opening tells that the clock was set back: it is unknown how long it was open.
    const opened = later(start.wall, lease.since - start.now);
    return { kind: !isOnThisClock && here.wall < opened ? "closing" : "open" };
  }
  if (start.boot === here.boot && state.kind !== "open") {
    return { kind: "orphaned", wait: "waiting" };
  }
  return isOnThisClock ? state : { kind: "closing" };
}

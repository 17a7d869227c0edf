// Longer than other files: the state of a lease and all that changes it.
import type { Monotonic, WallTime } from "../base/time.ts";
import { later, latest } from "../base/time.ts";
import type { Access, FirewallResult } from "../firewall/firewall.ts";
import type { HolderMark, HolderMarks, Holders } from "./holders.ts";
import { holderOf, lastDue, withMark } from "./holders.ts";
import type { SourcePlace } from "./source-order.ts";

/** What a knock or an administrator asks for. */
export interface AccessRequest {
  readonly access: Access;
  /** How long the door stays open: milliseconds. */
  readonly length: number;
  /** What happens if the door is open already: a longer lease, or close and open again. */
  readonly again: "extend" | "rerun";
  /** For how long a door does not run again for the same source: milliseconds, by default 0. */
  readonly rest?: number;
  /** Its place among the knocks of its source, if that was reserved before. */
  readonly place?: SourcePlace | undefined;
  /** What the fleet knows of it already. */
  readonly mark?: HolderMark;
}

/** Access that lasts for a time. There is one lease for each owner and source. */
export interface Lease {
  readonly id: number;
  readonly access: Access;
  /** From the opening, or from a later knock, to the closing: milliseconds. */
  readonly length: number;
  /** When it was asked for. */
  readonly since: Monotonic;
  /** Those it is open for. A holder whose time is over may still be among them. */
  readonly by: Holders;
  /** What the fleet knows of them; absent for those it knows nothing of. */
  readonly marks: HolderMarks;
  /** When it ends: with its last holder. */
  readonly due: Monotonic;
  readonly state: LeaseState;
}

/**
 * The life of a lease:
 *
 *     queued ──start──> starting ──opened──> open ──close──> closing ──closed──> (gone)
 *       │                  │                                 ↑     ↺ close failed
 *       ├──closed          └──closed──> (gone)  orphaned ──close
 *       └──> (gone)
 *
 * A native lease begins in `starting`: it waits for nothing. What an earlier daemon left begins in
 * `open`, `closing` or `orphaned`. The journal records `open`, `opened`, `extend`, `close` and `closed`
 * alone; the other changes are of no use to the next daemon.
 */
export type LeaseState =
  /** The command waits for a slot or for the disk: nothing is open. */
  | { readonly kind: "queued" }
  /** The start command runs, or the kernel is being asked. */
  | { readonly kind: "starting"; readonly closeWhenStarted?: PlannedClosing }
  /** A start command of an earlier daemon may still run. It is closed when that has ended. */
  | ({ readonly kind: "orphaned"; readonly wait: OrphanWait } & PlannedClosing)
  | { readonly kind: "open" }
  /** The stop command runs or waits for a slot, or failed and runs again later. */
  | ({ readonly kind: "closing" } & PlannedClosing);

interface PlannedClosing {
  /** What later knocks asked for, one for each holder, the last knock last: carried out when the lease is gone. */
  readonly reopen?: readonly AccessRequest[];
  /** Why the last attempt failed. The start command may still run: then it was an early one. */
  readonly failure?: ClosingFailure;
}

/** `overdue`: the command did not end in time, so the lease was closed once already. */
type OrphanWait = "waiting" | "overdue";

/** A closing that did not succeed. The lease may still be open. */
export interface ClosingFailure {
  /** How the last attempt ended. */
  readonly result: Failed | Lost;
  /** How many attempts failed. */
  readonly attempts: number;
  /** In how many of them the command started. */
  readonly runs: number;
  /** When the first one failed. */
  readonly since: Monotonic;
}

/** The journal is damaged where it said what to close. `ended`: when the lease was to end, if that is known. */
interface Lost {
  readonly kind: "lost";
  readonly ended?: WallTime;
}

export type Failed = Exclude<FirewallResult, { readonly kind: "done" }>;

/** What the journal records of a lease. */
export type LeaseEvent =
  | {
      readonly op: "open";
      readonly id: number;
      readonly access: Access;
      readonly length: number;
      readonly since: Monotonic;
      /** As in `HolderMark`, whose origin is that of the access. */
      readonly stamp?: number;
    }
  /** The opening has ended; `due`: that of the holder that it was for. */
  | { readonly op: "opened"; readonly id: number; readonly due: Monotonic }
  /** A holder came, leaves at another time, or was told to the fleet. `who` as in `Access`. */
  | ({
      readonly op: "extend";
      readonly id: number;
      readonly due: Monotonic;
      readonly who?: string;
    } & Partial<HolderMark>)
  /** A holder was taken out. */
  | { readonly op: "leave"; readonly id: number; readonly who: string }
  /** The closing begins, or an attempt at it failed. */
  | { readonly op: "close"; readonly id: number; readonly failure?: ClosingFailure }
  | { readonly op: "closed"; readonly id: number };

/** What happens to a lease in memory alone. */
export type LeaseStep =
  | { readonly op: "start"; readonly id: number }
  | { readonly op: "closeWhenStarted"; readonly id: number }
  | { readonly op: "overdue"; readonly id: number }
  /** It was closed while its start command ran, or that failed. */
  | { readonly op: "closedEarly"; readonly id: number; readonly failure?: ClosingFailure }
  /** `requests`: those of before, too. */
  | { readonly op: "reopen"; readonly id: number; readonly requests: readonly AccessRequest[] };

/** Returns what later knocks asked for, to be carried out when the lease is gone; the last knock is the last. */
export function reopenOf(lease: Lease): readonly AccessRequest[] {
  return plannedClosing(lease)?.reopen ?? [];
}

/** Returns why a lease could not be closed, or undefined if no attempt failed. */
export function failureOf(lease: Lease): ClosingFailure | undefined {
  return plannedClosing(lease)?.failure;
}

/** Returns whether the start command of a lease runs, or may still run. */
export function isStarting({ state }: Lease): boolean {
  return state.kind === "starting" || state.kind === "orphaned";
}

function plannedClosing({ state }: Lease): PlannedClosing | undefined {
  if (state.kind === "starting") return state.closeWhenStarted;
  return state.kind === "orphaned" || state.kind === "closing" ? state : undefined;
}

/** Returns the lease that an `open` event begins. */
export function begin({ op, stamp, ...opened }: LeaseEvent & { readonly op: "open" }): Lease {
  const { origin } = opened.access;
  const marks = withMark(new Map(), holderOf(opened.access), { stamp, origin });
  const kind = opened.access.method.kind === "native" ? "starting" : "queued";
  const due = later(opened.since, opened.length);
  const by = new Map([[holderOf(opened.access), due]]);
  return { ...opened, by, marks, due, state: { kind } };
}

/** Returns the lease after `event`, or undefined if it is gone. What cannot happen changes nothing. */
export function advance(
  lease: Lease,
  event: Exclude<LeaseEvent, { readonly op: "open" }> | LeaseStep,
): Lease | undefined {
  const { state } = lease;
  switch (event.op) {
    case "closed":
      return undefined;
    case "extend":
      return withHolder(
        { ...lease, marks: withMark(lease.marks, holderOf(event), event) },
        holderOf(event),
        event.due,
      );
    case "leave":
      return withHolder(lease, event.who, undefined);
    case "start":
      return state.kind === "queued" ? { ...lease, state: { kind: "starting" } } : lease;
    case "opened":
      // The journal does not record the start.
      if (state.kind !== "queued" && state.kind !== "starting") return lease;
      return { ...withOpener(lease, event.due), state: { kind: "open" } };
    case "close":
      return { ...lease, state: closing(lease, event.failure) };
    default:
      return { ...lease, state: step(state, event) };
  }
}

/** Returns the lease with other holders. It ends with the last of them; without any it is over. */
export function withHolders(lease: Lease, by: Holders): Lease {
  return { ...lease, by, due: lastDue(by, lease.since) };
}

/** `due`: undefined: the holder leaves. */
function withHolder(lease: Lease, holder: string, due: Monotonic | undefined): Lease {
  const by = new Map(lease.by);
  if (due !== undefined) return withHolders(lease, by.set(holder, due));
  const marks = new Map(lease.marks);
  by.delete(holder);
  marks.delete(holder);
  return withHolders({ ...lease, marks }, by);
}

/** The holder that it was opened for stays until `due` at least, unless that has left. */
function withOpener(lease: Lease, due: Monotonic): Lease {
  const opener = holderOf(lease.access);
  const before = lease.by.get(opener);
  return before === undefined ? lease : withHolder(lease, opener, latest(before, due));
}

/** The steps that change a state's fields and not its kind. */
function step(state: LeaseState, event: Exclude<LeaseStep, { readonly op: "start" }>): LeaseState {
  switch (event.op) {
    case "closeWhenStarted":
      if (state.kind !== "starting") return state;
      return { ...state, closeWhenStarted: state.closeWhenStarted ?? {} };
    case "overdue":
      return state.kind === "orphaned" ? { ...state, wait: "overdue" } : state;
    case "closedEarly":
      return closedEarly(state, event.failure);
    case "reopen":
      if (state.kind === "orphaned" || state.kind === "closing") {
        return withReopening(state, event.requests);
      }
      if (state.kind !== "starting" || state.closeWhenStarted === undefined) return state;
      return { ...state, closeWhenStarted: withReopening(state.closeWhenStarted, event.requests) };
  }
}

/** Replaces what is carried out when the lease is gone. */
function withReopening<Planned extends PlannedClosing>(
  planned: Planned,
  requests: readonly AccessRequest[],
): Planned {
  const { reopen: _, ...rest } = planned;
  // Only an optional member was taken out.
  return { ...rest, ...(requests.length > 0 && { reopen: requests }) } as Planned;
}

function closedEarly(state: LeaseState, failure: ClosingFailure | undefined): LeaseState {
  if (state.kind === "orphaned") {
    const { failure: _, ...rest } = state;
    return { ...rest, ...(failure && { failure }) };
  }
  if (state.kind !== "starting" || state.closeWhenStarted === undefined) return state;
  const { reopen } = state.closeWhenStarted;
  return { ...state, closeWhenStarted: { ...(failure && { failure }), ...(reopen && { reopen }) } };
}

function closing(lease: Lease, failed: ClosingFailure | undefined): LeaseState {
  const reopen = plannedClosing(lease)?.reopen;
  // An early closing may fail because nothing is open yet: it says nothing of this one.
  const failure = failed ?? (isStarting(lease) ? undefined : failureOf(lease));
  return { kind: "closing", ...(failure && { failure }), ...(reopen && { reopen }) };
}

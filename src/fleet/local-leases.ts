import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { later } from "../base/time.ts";
import { knownAtFirstJoin } from "./first-join.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { FleetKnowledge } from "./knowledge.ts";
import type { FleetOpening } from "./lease-history.ts";
import type { OwnRecords } from "./own-records.ts";
import type { SharedLeases } from "./shared-leases.ts";
import type { FleetStamp } from "./stamp.ts";
import { closingStamp, movedTime, noStamp } from "./stamp.ts";
import type { FleetSubject, HolderSubject } from "./subject.ts";

/** A holder that the journal kept of an earlier start of this gateway. */
export interface RestoredHolder {
  readonly holder: HolderSubject;
  /** Until it leaves: milliseconds. */
  readonly left: number;
  /** As it was told. */
  readonly stamp: FleetStamp;
  /** The gateway that told it, if it was not this one. */
  readonly origin?: string | undefined;
}

/** What was closed `age` milliseconds ago. Others keep that for `left` milliseconds from now. */
export interface PastClosing {
  readonly subject: FleetSubject;
  readonly age: number;
  readonly left: number;
}

type PendingHolder = RestoredHolder & { readonly due: Monotonic };

/** The stamp of the opening of a holder that ends last. */
export interface StampedHolder {
  readonly holder: HolderSubject;
  readonly stamp: FleetStamp;
}

export interface LocalLeasesParts {
  readonly gateway: string;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
  readonly leases: SharedLeases;
  readonly own: OwnRecords;
  /** Told the stamps of what was opened before the store's clock was known. */
  readonly onStamped: (stamped: readonly StampedHolder[]) => void;
}

/**
 * What is done with leases at this gateway. Nothing has a stamp until the store's clock was measured once: the date
 * of this machine may be wrong.
 */
export class LocalLeases {
  readonly #parts: LocalLeasesParts;
  /** Until the first measurement. */
  readonly #restored: PendingHolder[] = [];
  /** What was closed before there was this part in the fleet. */
  readonly #closed: (Omit<PastClosing, "age"> & { readonly at: Monotonic })[] = [];
  /** Changes to send again, as they were before the table was read. */
  #renewals: (FleetOpening & { readonly holder: HolderSubject })[] = [];

  constructor(parts: LocalLeasesParts) {
    this.#parts = parts;
  }

  opened(holder: HolderSubject, length: number): FleetStamp | undefined {
    const now = this.#parts.fleetClock.now();
    return this.#tell(this.#parts.leases.open(holder, now, movedTime(now, Math.ceil(length))));
  }

  adopted(holder: HolderSubject, age: number, left: number): FleetStamp | undefined {
    const now = this.#parts.fleetClock.now();
    const [since, end] = [movedTime(now, -Math.ceil(age)), movedTime(now, Math.ceil(left))];
    return this.#tell(this.#parts.leases.adopt(holder, now, since, end));
  }

  closed(subject: FleetSubject, length: number): void {
    const now = this.#parts.fleetClock.now();
    this.#tell(this.#parts.leases.close(subject, now, Math.ceil(length)));
  }

  /** To be called before the first measurement. What was opened since then stays open. */
  closedBefore({ age, ...closing }: PastClosing): void {
    this.#closed.push({ ...closing, at: later(this.#parts.clock.now(), -age) });
  }

  /** Returns the closings that the store has not got. */
  untoldClosings(): PastClosing[] {
    const { own, clock, fleetClock } = this.#parts;
    const now = fleetClock.now();
    const before = this.#closed.map(({ at, ...closing }) => ({
      ...closing,
      age: clock.now() - at,
    }));
    const waiting = own.untoldClosings().map(({ subject, history, until }) => ({
      ...{ subject, age: Math.max(0, now - history.closed / 2), left: Math.max(0, until - now) },
    }));
    return [...before, ...waiting];
  }

  restored(restored: RestoredHolder): void {
    const { clock, fleetClock, leases } = this.#parts;
    const one = { ...restored, due: later(clock.now(), restored.left) };
    if (!fleetClock.isMeasured) {
      this.#restored.push(one);
      return;
    }
    leases.add(this.#knowledgeOf(one));
    this.#keep(one);
  }

  /** At the first measurement: what was done before was by a clock that was `shift` milliseconds behind. */
  measuredFirst(shift: number): void {
    const { leases, own, onStamped } = this.#parts;
    const restored = this.#restored.splice(0);
    const known = restored.map((one) => this.#knowledgeOf(one));
    leases.replace(knownAtFirstJoin([...leases.values()], known, shift));
    const opened = own.holders();
    own.tellAll();
    for (const one of restored) this.#keep(one);
    for (const one of this.#closed.splice(0)) this.#tellPast(one);
    const stamped = opened.flatMap((holder) => {
      const { stamp } = leases.lastOpeningOf(holder) ?? {};
      return stamp === undefined ? [] : [{ holder, stamp }];
    });
    if (stamped.length > 0) onStamped(stamped);
  }

  /** The store's clock has jumped: leases do not. */
  jumped(milliseconds: number): void {
    const { leases, own, fleetClock } = this.#parts;
    leases.moveEnds(milliseconds);
    const now = fleetClock.now();
    this.#renewals = own.holders().flatMap((holder) => {
      const end = leases.endOf(holder) ?? now;
      return end > now ? [{ holder, stamp: leases.stampOf(holder), end }] : [];
    });
  }

  /** Sends all leases again by the present clock: the table may have their ends by the earlier clock. */
  renew(): void {
    const { leases, own } = this.#parts;
    for (const { holder, ...opening } of this.#renewals.splice(0)) {
      // It may have been closed elsewhere meanwhile.
      if (leases.lastOpeningOf(holder) !== undefined) leases.renew(holder, opening);
    }
    own.tellAll();
  }

  #tellPast({ subject, at, left }: Omit<PastClosing, "age"> & { readonly at: Monotonic }): void {
    const { gateway, clock, fleetClock, leases, own } = this.#parts;
    const now = fleetClock.now();
    const closed = closingStamp(movedTime(now, Math.floor(at - clock.now())), noStamp);
    const until = movedTime(now, Math.ceil(left));
    own.tell(leases.add({ subject, history: { closed, openings: [] }, until, origin: gateway }));
  }

  /** Returns the stamp of the opening that ends last, once it can be known. */
  #tell(known: FleetKnowledge): FleetStamp | undefined {
    const { own, fleetClock, leases } = this.#parts;
    own.tell(known);
    const { subject } = known;
    if (subject.kind !== "holder" || !fleetClock.isMeasured) return undefined;
    return leases.lastOpeningOf(subject)?.stamp;
  }

  /** What another gateway told is its own business. */
  #keep({ holder, origin = this.#parts.gateway }: RestoredHolder): void {
    const known = this.#parts.leases.get(holder);
    if (origin === this.#parts.gateway && known !== undefined) this.#parts.own.keep(known);
  }

  #knowledgeOf({ holder, stamp, due, ...one }: PendingHolder): FleetKnowledge {
    const { gateway, clock, fleetClock } = this.#parts;
    const { origin = gateway } = one;
    const end = movedTime(fleetClock.now(), Math.ceil(due - clock.now()));
    const history = { closed: noStamp, openings: [{ stamp, end }] };
    return { subject: holder, history, until: end, origin };
  }
}

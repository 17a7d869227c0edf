import type { AccessOwner } from "../base/access-owner.ts";
import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { never } from "../base/time.ts";
import type { CommandLocks } from "./journal/command-locks.ts";
import { eventsOf } from "./journal/history.ts";
import type { AccessRequest, Lease, LeaseEvent, LeaseStep } from "./lease.ts";
import { begin } from "./lease.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { LeaseKey, Ledger, OwnerCount } from "./ledger.ts";

export interface LeaseRegistryOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** `undefined`, like the locks, means that leases are in memory only. */
  readonly journal: LeaseStore | undefined;
  readonly locks: CommandLocks | undefined;
}

export interface LeaseRegistryEvents {
  /** An open lease has ended. */
  readonly onDue: (lease: Lease) => void;
  /** A lease is gone; `lease` is its last state. */
  readonly onGone: (lease: Lease) => void;
}

/** All leases, in memory and in the journal, and the alarm for the next one that ends. */
export class LeaseRegistry {
  readonly #options: LeaseRegistryOptions;
  readonly #events: LeaseRegistryEvents;
  /** Who waits for the end of a lease. */
  readonly #waiting = new Map<number, (() => void)[]>();
  #cancelWake: (() => void) | undefined;
  #wakesAt = never;
  #stopped = false;

  constructor(options: LeaseRegistryOptions, events: LeaseRegistryEvents) {
    this.#options = options;
    this.#events = events;
  }

  get leases(): readonly Lease[] {
    return this.#options.ledger.leases;
  }

  get size(): number {
    return this.#options.ledger.size;
  }

  /** How many holders all leases have. */
  get holders(): number {
    return this.#options.ledger.holders;
  }

  /** How many leases could not be closed so far. */
  get failing(): number {
    return this.#options.ledger.failing;
  }

  /** Returns what one owner has. */
  countOf(owner: AccessOwner): Readonly<OwnerCount> {
    return this.#options.ledger.countOf(owner);
  }

  /** What each owner of a lease has. */
  get counts(): readonly Readonly<OwnerCount>[] {
    return this.#options.ledger.counts;
  }

  /** Returns whether the next daemon will not know what is open. */
  get journalFailed(): boolean {
    return this.#options.journal?.trouble !== undefined;
  }

  /** Returns the lease as it is now, or undefined if it is gone. */
  get(id: number): Lease | undefined {
    return this.#options.ledger.get(id);
  }

  find(key: LeaseKey): Lease | undefined {
    return this.#options.ledger.find(key);
  }

  /** Takes over leases of earlier daemons, in the states that they begin in. */
  restore(leases: readonly Lease[]): void {
    const { ledger, journal, locks } = this.#options;
    for (const lease of leases) ledger.add(lease);
    journal?.restart();
    locks?.forgetAllBut(new Set(ledger.leases.map(({ id }) => id)));
    this.#schedule();
  }

  /** Begins a lease, in memory only. `since`: when it was opened. */
  begin(
    { access, length, mark }: AccessRequest,
    since: Monotonic = this.#options.clock.now(),
  ): Lease {
    const { ledger } = this.#options;
    const told = mark === undefined ? {} : { stamp: mark.stamp };
    const lease = begin({ op: "open", id: ledger.nextId, access, length, since, ...told });
    ledger.add(lease);
    return lease;
  }

  /** Writes the beginning of a lease to the journal, and the holders that came before that. */
  writeBeginning(lease: Lease): void {
    const { journal } = this.#options;
    for (const event of eventsOf({ ...lease, state: { kind: "starting" } })) journal?.write(event);
  }

  /** Applies an event, in memory and in the journal. */
  record(event: LeaseEvent): void {
    this.#options.ledger.apply(event);
    this.#options.journal?.write(event);
    this.#schedule();
  }

  /** Applies a step, which the journal does not record. */
  step(step: LeaseStep): void {
    this.#options.ledger.apply(step);
    this.#schedule();
  }

  /** Ends a lease: nothing of it is open any more. */
  remove({ id }: Lease): void {
    const lease = this.get(id);
    if (lease === undefined) return;
    this.record({ op: "closed", id });
    if (lease.access.method.kind === "command") this.#options.locks?.forget(id);
    for (const resolve of this.#waiting.get(id) ?? []) resolve();
    this.#waiting.delete(id);
    this.#events.onGone(lease);
  }

  /** Resolves when a lease is gone. */
  gone(id: number): Promise<void> {
    if (this.get(id) === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]);
    });
  }

  /** Reports no more leases that end. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWake?.();
  }

  /** Wakes when the next lease ends. One that was closed or extended meanwhile is looked at in vain. */
  #schedule(): void {
    const { ledger, clock } = this.#options;
    const due = ledger.nextDue ?? never;
    if (this.#stopped || due >= this.#wakesAt) return;
    this.#cancelWake?.();
    this.#wakesAt = due;
    this.#cancelWake = clock.wakeAt(due, () => this.#expire());
  }

  #expire(): void {
    const { ledger, clock } = this.#options;
    this.#wakesAt = never;
    for (const lease of ledger.takeDue(clock.now())) this.#events.onDue(lease);
    this.#schedule();
  }
}

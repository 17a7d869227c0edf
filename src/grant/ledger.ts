import type { AccessOwner } from "../base/access-owner.ts";
import { ownerName } from "../base/access-owner.ts";
import type { Monotonic } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import { DueQueue } from "./due-queue.ts";
import type { Lease, LeaseEvent, LeaseStep } from "./lease.ts";
import { advance, begin, failureOf } from "./lease.ts";

/** How many leases an owner has, and how many of them could not be closed. */
export interface OwnerCount {
  readonly owner: AccessOwner;
  leases: number;
  failing: number;
}

/** Which doors are open to whom, and until when. It holds what events tell and does nothing by itself. */
export class Ledger {
  readonly #byId = new Map<number, Lease>();
  readonly #idByKey = new Map<string, number>();
  readonly #due = new DueQueue<number, Monotonic>();
  readonly #counts = new Map<string, OwnerCount>();
  #lastId = 0;
  #failing = 0;
  #holders = 0;

  /** Records what happened. Events of leases that are gone change nothing. */
  apply(event: LeaseEvent | LeaseStep): void {
    const lease = this.#byId.get(event.id);
    if (event.op === "open") this.add(begin(event));
    else if (lease !== undefined) this.#replace(lease, advance(lease, event));
  }

  /** Adds a lease as it is. */
  add(lease: Lease): void {
    this.#lastId = Math.max(this.#lastId, lease.id);
    const key = keyOf(lease.access);
    // What an earlier daemon left may be found after a knock of the same source.
    if (!this.#idByKey.has(key)) this.#idByKey.set(key, lease.id);
    this.#put(lease);
  }

  /** A number that no lease has had. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  /** Leaves all numbers up to `id` to leases that are added later. */
  skipTo(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** How many holders all leases have. */
  get holders(): number {
    return this.#holders;
  }

  /** How many leases could not be closed so far. */
  get failing(): number {
    return this.#failing;
  }

  /** Returns what one owner has. */
  countOf(owner: AccessOwner): Readonly<OwnerCount> {
    return this.#counts.get(ownerKey(owner)) ?? { owner, leases: 0, failing: 0 };
  }

  /** What each owner of a lease has. */
  get counts(): readonly Readonly<OwnerCount>[] {
    return [...this.#counts.values()];
  }

  /** All of them, the oldest first. */
  get leases(): Lease[] {
    return [...this.#byId.values()];
  }

  /** Returns the lease as it is now, or undefined if it is gone. */
  get(id: number): Lease | undefined {
    return this.#byId.get(id);
  }

  find(key: LeaseKey): Lease | undefined {
    const id = this.#idByKey.get(keyOf(key));
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** When the next open lease ends; `undefined` while none is open. */
  get nextDue(): Monotonic | undefined {
    return this.#due.first;
  }

  /** Returns the open leases that have ended, each once. */
  takeDue(now: Monotonic): Lease[] {
    return this.#due.takeUntil(now).flatMap((id) => this.#byId.get(id) ?? []);
  }

  #put(lease: Lease): void {
    const before = this.#byId.get(lease.id);
    this.#byId.set(lease.id, lease);
    this.#holders += lease.by.size - (before?.by.size ?? 0);
    const failing = countFailure(lease) - countFailure(before);
    this.#count(lease, before === undefined ? 1 : 0, failing);
    if (lease.state.kind !== "open") this.#due.delete(lease.id);
    else if (before?.state.kind !== "open" || before.due !== lease.due) {
      this.#due.set(lease.id, lease.due);
    }
  }

  #count({ access: { owner } }: Lease, leases: number, failing: number): void {
    this.#failing += failing;
    const key = ownerKey(owner);
    const count = this.#counts.get(key) ?? { owner, leases: 0, failing: 0 };
    count.leases += leases;
    count.failing += failing;
    if (count.leases > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  #replace(lease: Lease, next: Lease | undefined): void {
    if (next !== undefined) {
      this.#put(next);
      return;
    }
    this.#due.delete(lease.id);
    this.#count(lease, -1, -countFailure(lease));
    this.#byId.delete(lease.id);
    this.#holders -= lease.by.size;
    const key = keyOf(lease.access);
    if (this.#idByKey.get(key) === lease.id) this.#idByKey.delete(key);
  }
}

function countFailure(lease: Lease | undefined): number {
  return lease === undefined || failureOf(lease) === undefined ? 0 : 1;
}

/** What there is one lease for. */
export type LeaseKey = Pick<Access, "owner" | "source">;

/** Returns a text that no other owner and source share. */
export function keyOf({ owner, source }: LeaseKey): string {
  // A number and an address end a key; a trial's is an address alone.
  return `${ownerKey(owner)}${source}`;
}

function ownerKey(owner: AccessOwner): string {
  return owner.kind === "trial" ? "" : `${ownerName(owner)} ${owner.nth} `;
}

import type { Access } from "../firewall/firewall.ts";
import { DueQueue } from "./due-queue.ts";
import type { Lease, LeaseEvent } from "./lease.ts";

/** Which doors are open to whom, and until when. It is fed by events and does nothing by itself. */
export class Ledger {
  readonly #byId = new Map<number, Lease>();
  readonly #idByKey = new Map<string, number>();
  readonly #due = new DueQueue<number>();
  #lastId = 0;

  /** Takes note of what happened. Events of leases that are gone change nothing. */
  apply(event: LeaseEvent): void {
    const lease = this.#byId.get(event.id);
    if (event.op === "open") {
      const { op, ...opened } = event;
      this.#lastId = Math.max(this.#lastId, event.id);
      this.#idByKey.set(keyOf(event.access), event.id);
      this.#put({ ...opened, due: event.since + event.length, state: "opening" });
    } else if (lease !== undefined) this.#change(lease, event);
  }

  #change(lease: Lease, event: Exclude<LeaseEvent, { readonly op: "open" }>): void {
    switch (event.op) {
      case "opened":
        this.#put({ ...lease, state: "open", due: Math.max(lease.due, event.due) });
        break;
      case "extend":
        this.#put({ ...lease, due: event.due });
        break;
      case "close":
        this.#put({ ...lease, state: "closing" });
        this.#due.delete(lease.id);
        break;
      case "closed":
        this.#due.delete(lease.id);
        this.#byId.delete(lease.id);
        this.#idByKey.delete(keyOf(lease.access));
        break;
    }
  }

  /** A number that no lease has had. */
  get nextId(): number {
    return this.#lastId + 1;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All of them, the oldest first. */
  get leases(): Lease[] {
    return [...this.#byId.values()];
  }

  /** The lease as it is now; undefined if it is gone. */
  get(id: number): Lease | undefined {
    return this.#byId.get(id);
  }

  find(key: LeaseKey): Lease | undefined {
    const id = this.#idByKey.get(keyOf(key));
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** When the next open lease ends: milliseconds; undefined while none is open. */
  get nextDue(): number | undefined {
    return this.#due.first;
  }

  /** The open leases that have ended, each told once. */
  takeDue(now: number): Lease[] {
    return this.#due.takeUntil(now).flatMap((id) => this.#byId.get(id) ?? []);
  }

  #put(lease: Lease): void {
    const before = this.#byId.get(lease.id);
    this.#byId.set(lease.id, lease);
    if (lease.state !== "open") return;
    if (before?.state !== "open" || before.due !== lease.due) this.#due.set(lease.id, lease.due);
  }
}

/** What there is one lease for. */
export type LeaseKey = Pick<Access, "owner" | "source">;

/** Returns a text that no other owner and source share. */
export function keyOf({ owner, source }: LeaseKey): string {
  // Only the name of a door may have blanks: a number and an address end it, and a trial's key has none.
  return owner.kind === "trial" ? `${source}` : `${owner.name} ${owner.nth} ${source}`;
}

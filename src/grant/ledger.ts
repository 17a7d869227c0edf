import type { Access } from "../firewall/firewall.ts";
import { DueQueue } from "./due-queue.ts";
import type { Lease, LeaseEvent } from "./lease.ts";

/** Which doors are open to whom, and until when. It is fed by events and does nothing by itself. */
export class Ledger {
  readonly #byId = new Map<number, Lease>();
  readonly #idByOwner = new Map<string, number>();
  readonly #due = new DueQueue<number>();
  #lastId = 0;

  /** Takes note of what happened. Events of leases that are gone change nothing. */
  apply(event: LeaseEvent): void {
    const lease = this.#byId.get(event.id);
    if (event.op === "open") {
      const { op, ...opened } = event;
      this.#lastId = Math.max(this.#lastId, event.id);
      this.#idByOwner.set(ownerOf(event.access), event.id);
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
        this.#idByOwner.delete(ownerOf(lease.access));
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

  find(owner: Owner): Lease | undefined {
    const id = this.#idByOwner.get(ownerOf(owner));
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
export type Owner = Pick<Access, "door" | "nth" | "source">;

export function ownerOf({ door, nth, source }: Owner): string {
  // Neither a number nor an address has a blank, so the last two end the door's name.
  return `${door} ${nth} ${source}`;
}

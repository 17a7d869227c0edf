import type { Passage } from "../firewall/firewall.ts";
import { DueQueue } from "./due-queue.ts";

/** An opening that lasts for a time. There is one for each door and source. */
export interface Lease {
  readonly passage: Passage;
  /** From the end of the start command, or from a later knock, to the stop command: milliseconds. */
  readonly length: number;
}

/**
 *     (none) --knock--> opening --opened--> open --takeDue--> closing --closed--> (none)
 *
 * A knock while it is opening or open makes the lease last longer; one that comes while it is being
 * closed waits, and opens again afterwards.
 */
interface Entry {
  lease: Lease;
  state: "opening" | "open" | "closing";
  /** When to close: milliseconds. */
  due: number;
  /** The knock that waits until this lease is closed. */
  again: Lease | undefined;
}

/** Which timed doors are open, and until when. Pure: time comes in, and what to do goes out. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #due = new DueQueue<string>();

  get leases(): readonly Lease[] {
    return [...this.#entries.values()].map(({ lease }) => lease);
  }

  /** When to call `takeDue` next: milliseconds; undefined while nothing is open. */
  get nextDue(): number | undefined {
    return this.#due.first((key, due) => this.#isDue(key, due));
  }

  /** A knock at `now`: must the door be opened, was its lease extended, or must it wait for a closing? */
  knock(lease: Lease, now: number): "open" | "extended" | "waiting" {
    const key = keyOf(lease);
    const entry = this.#entries.get(key);
    const due = now + lease.length;
    if (entry === undefined) {
      this.#entries.set(key, { lease, state: "opening", due, again: undefined });
      return "open";
    }
    if (entry.state === "closing") {
      entry.again = lease;
      return "waiting";
    }
    // What closes it is what belongs to the command that opened it.
    this.#postpone(key, entry, due);
    return "extended";
  }

  /** The start command ended at `now`; the lease counts from here on. */
  opened(lease: Lease, now: number): void {
    const key = keyOf(lease);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.state = "open";
    this.#postpone(key, entry, now + lease.length);
  }

  /** The leases that must be closed now. */
  takeDue(now: number): Lease[] {
    return this.#take(this.#due.takeUntil(now, (key, due) => this.#isDue(key, due)));
  }

  /** All leases that are open, for those who close them before their time. */
  takeAll(): Lease[] {
    return this.#take(
      [...this.#entries].filter(([, { state }]) => state === "open").map(([key]) => key),
    );
  }

  /** The stop command ended, and the lease with it. Returns what a knock meanwhile asked for. */
  closed(lease: Lease): Lease | undefined {
    const key = keyOf(lease);
    const again = this.#entries.get(key)?.again;
    this.#entries.delete(key);
    return again;
  }

  #take(keys: readonly string[]): Lease[] {
    return keys.flatMap((key) => {
      const entry = this.#entries.get(key);
      // A knock that did not make the lease longer put it into the queue twice.
      if (entry?.state !== "open") return [];
      entry.state = "closing";
      return [entry.lease];
    });
  }

  #postpone(key: string, entry: Entry, due: number): void {
    entry.due = Math.max(entry.due, due);
    if (entry.state === "open") this.#due.add(key, entry.due);
  }

  #isDue(key: string, due: number): boolean {
    const entry = this.#entries.get(key);
    return entry?.state === "open" && entry.due === due;
  }
}

function keyOf({ passage }: Lease): string {
  return ownerOf(passage);
}

/** Tells apart all that can be open at once. */
export function ownerOf({ door, nth, source }: Passage): string {
  // Neither a number nor an address has a blank, so the last two end the door's name.
  return `${door} ${nth} ${source}`;
}

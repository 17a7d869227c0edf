import type { Address } from "../base/address.ts";
import type { OwnedAttempt } from "./attempt-table.ts";
import { AttemptTable } from "./attempt-table.ts";
import type { HashKey } from "./hash.ts";
import { Hash } from "./hash.ts";
import { none } from "./links.ts";

/**
 * The table begins small: to have asked for a lot of memory makes V8 collect garbage at once, which a
 * first knock would have to wait for. When that is full there is one of full size at once, since all that
 * is there is copied before the next packet: 65,536 attempts would take 20 ms.
 */
const firstCapacity = 4096;

/**
 * All attempts of all sources at all doors, in a table that grows once. When there are as many as
 * may be, the oldest attempt of the first stage goes, so that a flood from forged addresses cannot push
 * out a knock that has got further.
 */
export class Attempts {
  #most: number;
  readonly #hash: Hash;
  #table: AttemptTable | undefined;
  #size = 0;
  #evicted = 0;
  readonly #byStage: number[] = [];

  /** `most`: how many attempts there may be at once. */
  constructor(most: number, key?: HashKey) {
    this.#most = most;
    this.#hash = new Hash(4, key);
  }

  get size(): number {
    return this.#size;
  }

  /** How many attempts are at stage 1, at stage 2, and so on. */
  get byStage(): readonly number[] {
    return Array.from(this.#byStage.slice(1), (count) => count ?? 0);
  }

  /** How many attempts had to go before their time, for want of room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** When to call `expire` next: milliseconds; undefined while there is nothing to expire. */
  get nextExpiry(): number | undefined {
    return this.#table?.nextExpiry;
  }

  /** Is there any attempt of this source? */
  has(source: Address): boolean {
    return this.#table !== undefined && this.#table.first(source) !== none;
  }

  /** Takes out those attempts of a source that `wants` says; the oldest first. */
  take(source: Address, wants: (attempt: OwnedAttempt) => boolean): readonly OwnedAttempt[] {
    const table = this.#table;
    const taken: OwnedAttempt[] = [];
    if (table === undefined) return taken;
    let slot = table.first(source);
    while (slot !== none) {
      const after = table.after(slot, source);
      const attempt = table.at(slot);
      if (wants(attempt)) {
        taken.push(attempt);
        table.remove(slot);
        this.#count(attempt.stage, -1);
      }
      slot = after;
    }
    this.#shrink(table);
    return taken;
  }

  /** Remembers an attempt of a source at a door, that ends at `due` (milliseconds). */
  add(source: Address, door: number, stage: number, start: number, due: number): void {
    this.#roomy().put(source, door, stage, start, due);
    this.#count(stage, 1);
  }

  /** Takes out what has ended, at most so many, and hands it to `take`. There are more if `nextExpiry` is not later than `now`. */
  expire(
    now: number,
    take: (attempt: OwnedAttempt) => void,
    most: number = Number.POSITIVE_INFINITY,
  ): void {
    const table = this.#table;
    if (table === undefined) return;
    const each = (attempt: OwnedAttempt) => {
      this.#count(attempt.stage, -1);
      take(attempt);
    };
    table.expire(now, each, most);
    this.#shrink(table);
  }

  #count(stage: number, change: 1 | -1): void {
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + change;
    this.#size += change;
  }

  /** After a flood the memory goes back to the system. */
  #shrink(table: AttemptTable): void {
    if (this.#size === 0 && table.capacity > firstCapacity) this.#table = undefined;
  }

  /** The table, with room for one more. */
  #roomy(): AttemptTable {
    this.#table ??= new AttemptTable(Math.min(this.#most, firstCapacity), this.#hash);
    if (this.#size === this.#table.capacity && this.#size < this.#most) this.#grow(this.#table);
    if (this.#size === this.#most) this.#evict(this.#table);
    return this.#table;
  }

  #evict(table: AttemptTable): void {
    const slot = table.oldest();
    this.#count(table.stageAt(slot), -1);
    table.remove(slot);
    this.#evicted++;
  }

  #grow(from: AttemptTable): void {
    try {
      this.#table = new AttemptTable(this.#most, this.#hash);
    } catch {
      // There is no memory for them: as many as there are now must do.
      this.#most = from.capacity;
      return;
    }
    from.copyTo(this.#table);
  }
}

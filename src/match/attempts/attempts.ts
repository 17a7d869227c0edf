import type { Address } from "../../base/address.ts";
import type { OwnedAttempt } from "./attempt-table.ts";
import { AttemptTable } from "./attempt-table.ts";
import type { HashKey } from "./sip-hash.ts";
import { SipHash } from "./sip-hash.ts";
import { NIL } from "./slot-lists.ts";

/** A table that has held more than so many is given back when it is empty: it may have taken 64 MB. */
const keptCapacity = 4096;

/**
 * All attempts of all sources at all doors. When there are as many as may be, the oldest attempt of the
 * first stage goes, so that a flood from forged addresses cannot push out a knock that has got further.
 */
export class Attempts {
  readonly #most: number;
  readonly #hash: SipHash;
  #table: AttemptTable;
  #size = 0;
  #evicted = 0;
  readonly #byStage: number[] = [];

  /** `most`: how many attempts there may be at once; fewer if there is no memory for so many. */
  constructor(most: number, key?: HashKey) {
    this.#most = most;
    this.#hash = new SipHash(4, key);
    this.#table = makeTable(most, this.#hash);
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
    return this.#table.nextExpiry;
  }

  /** Is there any attempt of this source? */
  has(source: Address): boolean {
    return this.#table.first(source) !== NIL;
  }

  /** Takes out those attempts of a source that `wants` says; the oldest first. */
  take(source: Address, wants: (attempt: OwnedAttempt) => boolean): readonly OwnedAttempt[] {
    const table = this.#table;
    const taken: OwnedAttempt[] = [];
    let slot = table.first(source);
    while (slot !== NIL) {
      const after = table.after(slot, source);
      const attempt = table.at(slot);
      if (wants(attempt)) {
        taken.push(attempt);
        table.remove(slot);
        this.#count(attempt.stage, -1);
      }
      slot = after;
    }
    return taken;
  }

  /** Remembers an attempt of a source at a door, that ends at `due` (milliseconds). */
  add(source: Address, door: number, stage: number, start: number, due: number): void {
    if (this.#size === this.#table.capacity) this.#evict(this.#table);
    this.#table.put(source, door, stage, start, due);
    this.#count(stage, 1);
  }

  /** Takes out what has ended, at most so many, and hands it to `take`. There are more if `nextExpiry` is not later than `now`. */
  expire(
    now: number,
    take: (attempt: OwnedAttempt) => void,
    most: number = Number.POSITIVE_INFINITY,
  ): void {
    const table = this.#table;
    const each = (attempt: OwnedAttempt) => {
      this.#count(attempt.stage, -1);
      take(attempt);
    };
    table.expire(now, each, most);
    // Not when the last one is taken: it may be a knock that is complete, whose door has to open.
    if (this.#size === 0) this.#giveBack();
  }

  #count(stage: number, change: 1 | -1): void {
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + change;
    this.#size += change;
  }

  /**
   * After a flood the memory goes back to the system. A new table is made at once, not when somebody
   * knocks: to ask for so much memory makes V8 collect garbage.
   */
  #giveBack(): void {
    if (this.#table.used > keptCapacity) this.#table = makeTable(this.#most, this.#hash);
  }

  #evict(table: AttemptTable): void {
    const slot = table.oldest();
    this.#count(table.stageAt(slot), -1);
    table.remove(slot);
    this.#evicted++;
  }
}

/** Of full size from the beginning: what is never used costs nothing, and to grow would take time when there is least of it. */
function makeTable(most: number, hash: SipHash): AttemptTable {
  try {
    return new AttemptTable(most, hash);
  } catch (error) {
    // There is no memory for so many: as many as there is memory for must do.
    if (most <= keptCapacity) throw error;
    return makeTable(Math.ceil(most / 4), hash);
  }
}

import type { Address } from "../../base/address.ts";
import type { OwnedAttempt } from "./attempt-table.ts";
import { AttemptTable } from "./attempt-table.ts";
import type { HashKey } from "./sip-hash.ts";
import { SipHash } from "./sip-hash.ts";
import { NIL } from "./slot-lists.ts";
import type { ClearMemory, TableMemory } from "./table-memory.ts";
import { allocateTable, fillWithZeroes } from "./table-memory.ts";

/** The pages of a table that has held more attempts are freed when it is empty: they may be 64 MB. */
const keptCapacity = 4096;

/**
 * All attempts of all sources at all doors. When the table is full, the oldest attempt of the first stage is
 * evicted, so that a flood from forged addresses cannot evict a knock that has got further.
 */
export class Attempts {
  readonly #memory: TableMemory;
  readonly #hash: SipHash;
  readonly #clear: ClearMemory;
  #table: AttemptTable;
  #size = 0;
  #evicted = 0;
  readonly #byStage: number[] = [];

  /** `most`: how many attempts there may be at once; fewer if memory is short. */
  constructor(most: number, clear: ClearMemory = fillWithZeroes, key?: HashKey) {
    this.#memory = allocateTable(most, keptCapacity);
    this.#hash = new SipHash(4, key);
    this.#clear = clear;
    this.#table = new AttemptTable(this.#memory, this.#hash);
  }

  get size(): number {
    return this.#size;
  }

  /** How many attempts are at stage 1, at stage 2, and so on. */
  get byStage(): readonly number[] {
    return Array.from(this.#byStage.slice(1), (count) => count ?? 0);
  }

  /** How many attempts were evicted because the table was full. */
  get evicted(): number {
    return this.#evicted;
  }

  /** When to call `expire` next: milliseconds; `undefined` while there are no attempts. */
  get nextExpiry(): number | undefined {
    return this.#table.nextExpiry;
  }

  /** Returns whether the source has an attempt. */
  has(source: Address): boolean {
    return this.#table.first(source) !== NIL;
  }

  /** Removes the attempts of a source that `isWanted` selects, and returns them, the oldest first. */
  take(source: Address, isWanted: (attempt: OwnedAttempt) => boolean): readonly OwnedAttempt[] {
    const table = this.#table;
    const taken: OwnedAttempt[] = [];
    let slot = table.first(source);
    while (slot !== NIL) {
      const after = table.after(slot, source);
      const attempt = table.at(slot);
      if (isWanted(attempt)) {
        taken.push(attempt);
        table.remove(slot);
        this.#count(attempt.stage, -1);
      }
      slot = after;
    }
    // The table has the newest first.
    return taken.reverse();
  }

  /** Adds an attempt of a source at a door that expires at `due` (milliseconds). */
  add(source: Address, door: number, stage: number, start: number, due: number): void {
    if (this.#size === this.#table.capacity) this.#evict(this.#table);
    this.#table.put(source, door, stage, start, due);
    this.#count(stage, 1);
  }

  /**
   * Removes at most `most` expired attempts, and passes each to `take`. If there are more, `nextExpiry` is not
   * later than `now`.
   */
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
    // Not in `take`: the last attempt may be a complete knock, whose door must open without delay.
    if (this.#size === 0) this.#freeLargeTable();
  }

  #count(stage: number, change: 1 | -1): void {
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + change;
    this.#size += change;
  }

  /** Returns the memory of a flood to the system. */
  #freeLargeTable(): void {
    if (this.#table.used <= keptCapacity) return;
    this.#clear(this.#memory.records);
    this.#clear(this.#memory.buckets);
    this.#table = new AttemptTable(this.#memory, this.#hash);
  }

  #evict(table: AttemptTable): void {
    const slot = table.oldest();
    this.#count(table.stageAt(slot), -1);
    table.remove(slot);
    this.#evicted++;
  }
}

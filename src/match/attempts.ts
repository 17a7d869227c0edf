import { Address } from "../base/address.ts";
import type { HashKey } from "./hash.ts";
import { Hash } from "./hash.ts";
import { Links, none } from "./links.ts";
import type { Attempt } from "./sequence.ts";
import { Wheel } from "./wheel.ts";

// An attempt is a record of 16 words, one line of the cache.
const words = 16;
const SOURCE = 0; // four words
const DOOR = 4;
const STAGE = 5;
const START = 6; // two words: a double
const DUE = 8; // four words: the wheel's
const AGE = 12; // two words: links
const CHAIN = 14; // the next slot of the bucket, or of the free ones
const BUCKET = 15;

/** The two lists of age: attempts that saw only the first step, and those that got further. */
const FIRST_STAGE = 0;
const FURTHER = 1;

/**
 * The table begins small and grows when it is full: to have asked for a lot of memory makes V8 collect
 * garbage at once, which a first knock would have to wait for.
 */
const firstCapacity = 4096;
const growth = 16;

/** An attempt, whose it is and at which door. */
export interface OwnedAttempt extends Attempt {
  readonly source: Address;
  /** The number that the matcher gave the door. */
  readonly door: number;
}

/**
 * All attempts of all sources at all doors: a bounded hash table by source, 64 bytes an attempt and
 * 4 to 8 for the buckets. The kernel gives memory only for what was ever used of it. When there are as
 * many as may be, the oldest attempt of the first stage goes, so that a flood from forged addresses
 * cannot push out a knock that has got further.
 */
export class Attempts {
  readonly #most: number;
  readonly #hash: Hash;
  #table: Table | undefined;
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
    return this.#table?.wheel.next;
  }

  /** Is there any attempt of this source? */
  has(source: Address): boolean {
    const table = this.#table;
    return table !== undefined && this.#find(table, source, this.#first(table, source)) !== none;
  }

  /** Takes out those attempts of a source that `wants` says; the oldest first. */
  take(source: Address, wants: (attempt: OwnedAttempt) => boolean): readonly OwnedAttempt[] {
    const table = this.#table;
    const taken: OwnedAttempt[] = [];
    if (table === undefined) return taken;
    let slot = this.#find(table, source, this.#first(table, source));
    while (slot !== none) {
      const after = this.#find(table, source, chained(table, slot));
      const attempt = attemptAt(table, slot);
      if (wants(attempt)) {
        taken.push(attempt);
        table.wheel.remove(slot);
        this.#release(table, slot);
      }
      slot = after;
    }
    this.#shrink(table);
    return taken;
  }

  /** Remembers an attempt of a source at a door, that ends at `due` (milliseconds). */
  add(source: Address, door: number, stage: number, start: number, due: number): void {
    this.#put(this.#roomy(), source, door, stage, start, due);
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + 1;
    this.#size++;
  }

  /** Takes out what has ended and hands it to `take`. */
  expire(now: number, take: (attempt: OwnedAttempt) => void): void {
    const table = this.#table;
    if (table === undefined) return;
    table.wheel.expire(now, (slot) => {
      const attempt = attemptAt(table, slot);
      this.#release(table, slot);
      take(attempt);
    });
    this.#shrink(table);
  }

  #release(table: Table, slot: number): void {
    const { records } = table;
    const stage = records[slot * words + STAGE] ?? 0;
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) - 1;
    unchain(table, slot);
    table.ages.remove(stage === 1 ? FIRST_STAGE : FURTHER, slot);
    records[slot * words + CHAIN] = table.free;
    table.free = slot;
    this.#size--;
  }

  /** After a flood the memory goes back to the system. */
  #shrink(table: Table): void {
    if (this.#size === 0 && table.capacity > firstCapacity) this.#table = undefined;
  }

  /** The table, with room for one more. */
  #roomy(): Table {
    this.#table ??= makeTable(Math.min(this.#most, firstCapacity));
    if (this.#size === this.#most) this.#evict(this.#table);
    else if (this.#size === this.#table.capacity) this.#table = this.#grown(this.#table);
    return this.#table;
  }

  #evict(table: Table): void {
    const first = table.ages.first(FIRST_STAGE);
    const slot = first !== none ? first : table.ages.first(FURTHER);
    table.wheel.remove(slot);
    this.#release(table, slot);
    this.#evicted++;
  }

  #grown(from: Table): Table {
    const table = makeTable(Math.min(this.#most, from.capacity * growth));
    for (const list of [FIRST_STAGE, FURTHER]) {
      for (let slot = from.ages.first(list); slot !== none; slot = from.ages.after(slot)) {
        const { source, door, stage, start } = attemptAt(from, slot);
        this.#put(table, source, door, stage, start, from.wheel.dueAt(slot));
      }
    }
    return table;
  }

  #put(
    table: Table,
    source: Address,
    door: number,
    stage: number,
    start: number,
    due: number,
  ): void {
    const { records } = table;
    const slot = takeFree(table);
    const at = slot * words;
    records[at + SOURCE] = source.w0;
    records[at + SOURCE + 1] = source.w1;
    records[at + SOURCE + 2] = source.w2;
    records[at + SOURCE + 3] = source.w3;
    records[at + DOOR] = door;
    records[at + STAGE] = stage;
    table.doubles[(at + START) >> 1] = start;
    records[at + BUCKET] = this.#bucket(table, source);
    chain(table, slot);
    table.ages.append(stage === 1 ? FIRST_STAGE : FURTHER, slot);
    table.wheel.add(slot, due);
  }

  #bucket(table: Table, source: Address): number {
    this.#hash.put(source);
    this.#hash.compute();
    return this.#hash.low & (table.buckets.length - 1);
  }

  #first(table: Table, source: Address): number {
    return table.buckets[this.#bucket(table, source)] ?? none;
  }

  /** The first slot of the source in a chain, from this one on. */
  #find({ records }: Table, source: Address, from: number): number {
    let slot = from;
    while (slot !== none) {
      const at = slot * words;
      if (
        records[at + SOURCE + 3] === (source.w3 | 0) &&
        records[at + SOURCE + 2] === (source.w2 | 0) &&
        records[at + SOURCE + 1] === (source.w1 | 0) &&
        records[at + SOURCE] === (source.w0 | 0)
      ) {
        return slot;
      }
      slot = records[at + CHAIN] ?? none;
    }
    return none;
  }
}

interface Table {
  readonly capacity: number;
  readonly records: Int32Array;
  /** The same memory, for what is a double. */
  readonly doubles: Float64Array;
  /** The first slot of each bucket. A power of two. */
  readonly buckets: Int32Array;
  readonly ages: Links;
  readonly wheel: Wheel;
  /** The slots that were ever used are those up to this one. */
  used: number;
  /** The first of those that are free again. */
  free: number;
}

function makeTable(capacity: number): Table {
  const memory = new ArrayBuffer((capacity + 1) * words * 4);
  const records = new Int32Array(memory);
  return {
    capacity,
    records,
    doubles: new Float64Array(memory),
    buckets: new Int32Array(2 ** Math.ceil(Math.log2(capacity))),
    ages: new Links(2, records, words, AGE),
    wheel: new Wheel(memory, words, DUE),
    used: 0,
    free: none,
  };
}

/** A slot of a table that is not full. */
function takeFree(table: Table): number {
  const { free } = table;
  if (free === none) return ++table.used;
  table.free = chained(table, free);
  return free;
}

function attemptAt({ records, doubles }: Table, slot: number): OwnedAttempt {
  const at = slot * words;
  const word = (i: number) => (records[at + SOURCE + i] ?? 0) >>> 0;
  return {
    source: new Address(word(0), word(1), word(2), word(3)),
    door: records[at + DOOR] ?? 0,
    stage: records[at + STAGE] ?? 0,
    start: doubles[(at + START) >> 1] ?? 0,
  };
}

/** The slot after this one in its bucket, or among the free ones. */
function chained({ records }: Table, slot: number): number {
  return records[slot * words + CHAIN] ?? none;
}

/** Puts a slot at the end of its bucket's chain: a source's attempts stay in their order. */
function chain(table: Table, slot: number): void {
  const { buckets, records } = table;
  const bucket = records[slot * words + BUCKET] ?? 0;
  records[slot * words + CHAIN] = none;
  let last = buckets[bucket] ?? none;
  if (last === none) {
    buckets[bucket] = slot;
    return;
  }
  for (let next = chained(table, last); next !== none; next = chained(table, next)) last = next;
  records[last * words + CHAIN] = slot;
}

function unchain(table: Table, slot: number): void {
  const { buckets, records } = table;
  const bucket = records[slot * words + BUCKET] ?? 0;
  const after = chained(table, slot);
  let before = buckets[bucket] ?? none;
  if (before === slot) {
    buckets[bucket] = after;
    return;
  }
  while (chained(table, before) !== slot) before = chained(table, before);
  records[before * words + CHAIN] = after;
}

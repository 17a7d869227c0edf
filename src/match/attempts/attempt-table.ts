import { Address } from "../../base/address.ts";
import type { Attempt } from "../sequence.ts";
import type { SipHash } from "./sip-hash.ts";
import { NIL, SlotLists } from "./slot-lists.ts";
import { TimingWheel } from "./timing-wheel.ts";

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

/** An attempt, whose it is and at which door. */
export interface OwnedAttempt extends Attempt {
  readonly source: Address;
  /** The number that the matcher gave the door. */
  readonly door: number;
}

/**
 * A hash table of attempts by source, of a fixed size: 64 bytes an attempt and 8 to 16 for the buckets. The
 * kernel gives memory only for what was ever used of it. An attempt is named by its slot.
 */
export class AttemptTable {
  readonly capacity: number;
  readonly #hash: SipHash;
  readonly #records: Int32Array;
  /** The same memory, for what is a double. */
  readonly #doubles: Float64Array;
  /** The first slot of each bucket. A power of two. */
  readonly #buckets: Int32Array;
  readonly #ages: SlotLists;
  readonly #wheel: TimingWheel;
  /** The source that was looked for last, and its bucket. */
  #hashed: Address | undefined;
  #hashedBucket = 0;
  /** The slots that were ever used are those up to this one. */
  #used = 0;
  /** The first of those that are free again. */
  #free = NIL;

  /** `hash`: of four words. */
  constructor(capacity: number, hash: SipHash) {
    const memory = new ArrayBuffer((capacity + 1) * words * 4);
    this.capacity = capacity;
    this.#hash = hash;
    this.#records = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    // Twice as many as attempts: the shorter the chains, the fewer lines of the cache are touched.
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(2 * capacity)));
    this.#ages = new SlotLists(2, this.#records, words, AGE);
    this.#wheel = new TimingWheel(memory, words, DUE);
  }

  /** How many attempts it has held at once, at most. */
  get used(): number {
    return this.#used;
  }

  /** When to call `expire` next: milliseconds; undefined while there is nothing to expire. */
  get nextExpiry(): number | undefined {
    return this.#wheel.next;
  }

  /** The first attempt of a source, or none. */
  first(source: Address): number {
    return this.#find(source, this.#buckets[this.#bucket(source)] ?? NIL);
  }

  /** The one after this of the same source, or none. */
  after(slot: number, source: Address): number {
    return this.#find(source, this.#chained(slot));
  }

  at(slot: number): OwnedAttempt {
    const records = this.#records;
    const at = slot * words;
    const word = (i: number) => (records[at + SOURCE + i] ?? 0) >>> 0;
    return {
      source: new Address(word(0), word(1), word(2), word(3)),
      door: records[at + DOOR] ?? 0,
      stage: this.stageAt(slot),
      start: this.#doubles[(at + START) >> 1] ?? 0,
    };
  }

  stageAt(slot: number): number {
    return this.#records[slot * words + STAGE] ?? 0;
  }

  /** The attempt to give up when there is no room: the oldest of the first stage, or the oldest at all. */
  oldest(): number {
    const first = this.#ages.first(FIRST_STAGE);
    return first !== NIL ? first : this.#ages.first(FURTHER);
  }

  /** Puts in an attempt that ends at `due` (milliseconds); the table is not full. */
  put(source: Address, door: number, stage: number, start: number, due: number): void {
    const records = this.#records;
    const slot = this.#takeFree();
    const at = slot * words;
    records[at + SOURCE] = source.w0;
    records[at + SOURCE + 1] = source.w1;
    records[at + SOURCE + 2] = source.w2;
    records[at + SOURCE + 3] = source.w3;
    records[at + DOOR] = door;
    records[at + STAGE] = stage;
    this.#doubles[(at + START) >> 1] = start;
    records[at + BUCKET] = this.#bucket(source);
    this.#chain(slot);
    this.#ages.append(ageOf(stage), slot);
    this.#wheel.add(slot, due);
  }

  remove(slot: number): void {
    this.#wheel.remove(slot);
    this.#release(slot);
  }

  /** Takes out what has ended, at most so many, and hands it to `take`. */
  expire(now: number, take: (attempt: OwnedAttempt) => void, most: number): void {
    const each = (slot: number) => {
      const attempt = this.at(slot);
      this.#release(slot);
      take(attempt);
    };
    this.#wheel.expire(now, each, most);
  }

  #release(slot: number): void {
    this.#unchain(slot);
    this.#ages.remove(ageOf(this.stageAt(slot)), slot);
    this.#records[slot * words + CHAIN] = this.#free;
    this.#free = slot;
  }

  #takeFree(): number {
    const free = this.#free;
    if (free === NIL) return ++this.#used;
    this.#free = this.#chained(free);
    return free;
  }

  #bucket(source: Address): number {
    // Whoever puts something in has looked for the source before.
    if (source === this.#hashed) return this.#hashedBucket;
    this.#hash.put(source);
    this.#hash.compute();
    this.#hashed = source;
    this.#hashedBucket = this.#hash.low & (this.#buckets.length - 1);
    return this.#hashedBucket;
  }

  /** The first slot of the source in a chain, from this one on. */
  #find(source: Address, from: number): number {
    const records = this.#records;
    let slot = from;
    while (slot !== NIL) {
      const at = slot * words;
      if (
        records[at + SOURCE + 3] === (source.w3 | 0) &&
        records[at + SOURCE + 2] === (source.w2 | 0) &&
        records[at + SOURCE + 1] === (source.w1 | 0) &&
        records[at + SOURCE] === (source.w0 | 0)
      ) {
        return slot;
      }
      slot = this.#chained(slot);
    }
    return NIL;
  }

  /** The slot after this one in its bucket, or among the free ones. */
  #chained(slot: number): number {
    return this.#records[slot * words + CHAIN] ?? NIL;
  }

  /** Puts a slot at the end of its bucket's chain: a source's attempts stay in their order. */
  #chain(slot: number): void {
    const bucket = this.#records[slot * words + BUCKET] ?? 0;
    this.#records[slot * words + CHAIN] = NIL;
    let last = this.#buckets[bucket] ?? NIL;
    if (last === NIL) {
      this.#buckets[bucket] = slot;
      return;
    }
    for (let next = this.#chained(last); next !== NIL; next = this.#chained(next)) last = next;
    this.#records[last * words + CHAIN] = slot;
  }

  #unchain(slot: number): void {
    const bucket = this.#records[slot * words + BUCKET] ?? 0;
    const after = this.#chained(slot);
    let before = this.#buckets[bucket] ?? NIL;
    if (before === slot) {
      this.#buckets[bucket] = after;
      return;
    }
    while (this.#chained(before) !== slot) before = this.#chained(before);
    this.#records[before * words + CHAIN] = after;
  }
}

function ageOf(stage: number): number {
  return stage === 1 ? FIRST_STAGE : FURTHER;
}

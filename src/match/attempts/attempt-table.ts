import { Address } from "../../base/address.ts";
import type { Attempt } from "../sequence.ts";
import type { SipHash } from "./sip-hash.ts";
import { NIL, SlotLists } from "./slot-lists.ts";
import type { TableMemory } from "./table-memory.ts";
import { recordWords as words } from "./table-memory.ts";
import { TimingWheel } from "./timing-wheel.ts";

const SOURCE = 0; // four words
const DOOR = 4;
const STAGE = 5;
const START = 6; // two words: a double
const DUE = 8; // four words: see TimingWheel
const AGE = 12; // two words: links
const CHAIN = 14; // the next slot of the bucket, or of the free ones
const BEFORE = 15; // the slot before it in the bucket; of the first one, the bucket as ~number

/** The two lists by age: attempts at the first stage, and those that got further. */
const FIRST_STAGE = 0;
const FURTHER = 1;

/** An attempt, with its source and its door. */
export interface OwnedAttempt extends Attempt {
  readonly source: Address;
  /** The number that the matcher gave the door. */
  readonly door: number;
}

/**
 * A hash table of attempts by source, of a fixed size: 64 bytes an attempt and 8 to 16 for the buckets. The
 * kernel allocates only the pages that were written. A slot number stands for an attempt.
 */
export class AttemptTable {
  readonly capacity: number;
  readonly #hash: SipHash;
  readonly #records: Int32Array;
  /** A view of the same memory, for doubles. */
  readonly #doubles: Float64Array;
  /** The first slot of each bucket. A power of two. */
  readonly #buckets: Int32Array;
  readonly #ages: SlotLists;
  readonly #wheel: TimingWheel;
  /** The source of the last look-up, and its bucket. */
  #hashed: Address | undefined;
  #hashedBucket = 0;
  /** The highest slot that was ever used. */
  #used = 0;
  /** The head of the list of released slots. */
  #free = NIL;

  /** `memory`: zeroes. `hash`: takes four words. */
  constructor({ capacity, records, buckets }: TableMemory, hash: SipHash) {
    this.capacity = capacity;
    this.#hash = hash;
    this.#records = new Int32Array(records);
    this.#doubles = new Float64Array(records);
    this.#buckets = new Int32Array(buckets);
    this.#ages = new SlotLists(2, this.#records, words, AGE);
    this.#wheel = new TimingWheel(records, words, DUE);
  }

  /** The most attempts that it has held at once. */
  get used(): number {
    return this.#used;
  }

  /** When to call `expire` next: milliseconds; `undefined` while the table is empty. */
  get nextExpiry(): number | undefined {
    return this.#wheel.next;
  }

  /** Returns the newest attempt of a source, or NIL. */
  first(source: Address): number {
    return this.#find(source, this.#buckets[this.#bucket(source)] ?? NIL);
  }

  /** Returns the attempt of the same source that was put in before, or NIL. */
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

  /** Returns the attempt to evict: the oldest of the first stage, else the oldest of all. */
  oldest(): number {
    const first = this.#ages.first(FIRST_STAGE);
    return first !== NIL ? first : this.#ages.first(FURTHER);
  }

  /** Adds an attempt that expires at `due` (milliseconds). The table must not be full. */
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
    this.#chain(slot, this.#bucket(source));
    this.#ages.append(ageOf(stage), slot);
    this.#wheel.add(slot, due);
  }

  remove(slot: number): void {
    this.#wheel.remove(slot);
    this.#release(slot);
  }

  /** Removes at most `most` expired attempts, and passes each to `take`. */
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
    // `put` follows a look-up of the same source.
    if (source === this.#hashed) return this.#hashedBucket;
    this.#hash.put(source);
    this.#hash.compute();
    this.#hashed = source;
    this.#hashedBucket = this.#hash.low & (this.#buckets.length - 1);
    return this.#hashedBucket;
  }

  /** Returns the first slot of the source in a chain, from this one on. */
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

  /** Returns the slot after this one in its bucket, or in the free list. */
  #chained(slot: number): number {
    return this.#records[slot * words + CHAIN] ?? NIL;
  }

  /** Puts a slot at the beginning of a chain, in constant time: one source may have thousands of slots. */
  #chain(slot: number, bucket: number): void {
    const records = this.#records;
    const after = this.#buckets[bucket] ?? NIL;
    records[slot * words + CHAIN] = after;
    records[slot * words + BEFORE] = ~bucket;
    if (after !== NIL) records[after * words + BEFORE] = slot;
    this.#buckets[bucket] = slot;
  }

  #unchain(slot: number): void {
    const records = this.#records;
    const after = this.#chained(slot);
    const before = records[slot * words + BEFORE] ?? NIL;
    if (before < 0) this.#buckets[~before] = after;
    else records[before * words + CHAIN] = after;
    if (after !== NIL) records[after * words + BEFORE] = before;
  }
}

function ageOf(stage: number): number {
  return stage === 1 ? FIRST_STAGE : FURTHER;
}

import { Address } from "../base/address.ts";
import type { HashKey } from "./hash.ts";
import { hash, randomHashKey } from "./hash.ts";
import { copy, Links } from "./links.ts";
import type { Attempt } from "./sequence.ts";
import { Wheel } from "./wheel.ts";

const firstCapacity = 1024;

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
 * All attempts of all sources at all doors: a bounded hash table by source, in typed arrays (about
 * 70 bytes an attempt), that grows with need. When it is full the oldest attempt of the first stage
 * goes, so that a flood from forged addresses cannot push out a knock that has got further.
 */
export class Attempts {
  readonly #most: number;
  readonly #key: HashKey;
  #capacity = 0;
  #free: number[] = [];
  #used = 0;
  #source = new Uint32Array();
  #door = new Int32Array();
  #stage = new Int32Array();
  #start = new Float64Array();
  #buckets = new Links(0, 0);
  #mask = 0;
  readonly #ages = new Links(2, 0);
  readonly #wheel = new Wheel(0);
  #evicted = 0;
  readonly #byStage: number[] = [];

  /** `most`: how many attempts there may be at once. */
  constructor(most: number, key: HashKey = randomHashKey()) {
    this.#most = most;
    this.#key = key;
  }

  get size(): number {
    return this.#used - this.#free.length;
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
    return this.#wheel.next;
  }

  /** Calls `visit` with the slot of each attempt of a source, which it may remove. */
  forEach(source: Address, visit: (slot: number) => void): void {
    if (this.#capacity === 0) return;
    let slot = this.#buckets.first(this.#bucket(source));
    while (slot >= 0) {
      const after = this.#buckets.after(slot);
      if (this.#isFrom(slot, source)) visit(slot);
      slot = after;
    }
  }

  /** What is in a slot. */
  at(slot: number): OwnedAttempt {
    const word = (i: number) => this.#source[slot * 4 + i] ?? 0;
    return {
      source: new Address(word(0), word(1), word(2), word(3)),
      door: this.#door[slot] ?? 0,
      stage: this.#stage[slot] ?? 0,
      start: this.#start[slot] ?? 0,
    };
  }

  /** The door of the attempt in a slot. */
  doorAt(slot: number): number {
    return this.#door[slot] ?? 0;
  }

  /** Remembers an attempt that ends at `due` (milliseconds). */
  add(attempt: OwnedAttempt, due: number): void {
    const slot = this.#take();
    const { source, door, stage, start } = attempt;
    this.#source.set([source.w0, source.w1, source.w2, source.w3], slot * 4);
    this.#door[slot] = door;
    this.#stage[slot] = stage;
    this.#start[slot] = start;
    this.#buckets.append(this.#bucket(source), slot);
    this.#ages.append(stage === 1 ? FIRST_STAGE : FURTHER, slot);
    this.#wheel.add(slot, due);
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + 1;
  }

  remove(slot: number): void {
    this.#wheel.remove(slot);
    this.#release(slot);
  }

  /** Takes out what has ended and hands it to `take`. */
  expire(now: number, take: (attempt: OwnedAttempt) => void): void {
    this.#wheel.expire(now, (slot) => {
      const attempt = this.at(slot);
      this.#release(slot);
      take(attempt);
    });
  }

  #release(slot: number): void {
    const stage = this.#stage[slot] ?? 0;
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) - 1;
    this.#buckets.remove(slot);
    this.#ages.remove(slot);
    this.#free.push(slot);
  }

  /** A slot that is free now. */
  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === this.#most) return this.#evict();
    if (this.#used === this.#capacity) this.#grow();
    return this.#used++;
  }

  #evict(): number {
    const first = this.#ages.first(FIRST_STAGE);
    this.remove(first >= 0 ? first : this.#ages.first(FURTHER));
    this.#evicted++;
    return this.#free.pop() ?? 0;
  }

  #grow(): void {
    const slots = Math.min(this.#most, Math.max(firstCapacity, this.#capacity * 2));
    this.#source = copy(this.#source, new Uint32Array(slots * 4));
    this.#door = copy(this.#door, new Int32Array(slots));
    this.#stage = copy(this.#stage, new Int32Array(slots));
    this.#start = copy(this.#start, new Float64Array(slots));
    this.#ages.grow(slots);
    this.#wheel.grow(slots);
    this.#capacity = slots;
    this.#rehash(slots);
  }

  #rehash(slots: number): void {
    const buckets = 2 ** Math.ceil(Math.log2(slots));
    this.#mask = buckets - 1;
    this.#buckets = new Links(buckets, slots);
    // It grows only when no slot is free.
    for (let slot = 0; slot < this.#used; slot++) {
      this.#buckets.append(this.#bucket(this.at(slot).source), slot);
    }
  }

  #bucket(source: Address): number {
    const words = [source.w0, source.w1, source.w2, source.w3];
    return hash(this.#key, words) & this.#mask;
  }

  #isFrom(slot: number, source: Address): boolean {
    const words = this.#source;
    const at = slot * 4;
    return (
      words[at + 3] === source.w3 &&
      words[at + 2] === source.w2 &&
      words[at + 1] === source.w1 &&
      words[at] === source.w0
    );
  }
}

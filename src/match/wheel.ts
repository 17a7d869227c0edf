import { copy, Links } from "./links.ts";

/** How exactly a slot's time is kept: milliseconds. */
const tick = 64;

/** The wheel turns once in 65 s; what is due later stays for another turn. */
const spokes = 1024;

/** Tells which slots are due: a timing wheel, so that a million of them cost no more than ten. */
export class Wheel {
  readonly #spokes: Links;
  #due: Float64Array;
  /** The last tick whose slots were taken. */
  #done = -1;
  #size = 0;
  #next: number | undefined;

  constructor(slots: number) {
    this.#spokes = new Links(spokes, slots);
    this.#due = new Float64Array(slots);
  }

  grow(slots: number): void {
    this.#spokes.grow(slots);
    this.#due = copy(this.#due, new Float64Array(slots));
  }

  /** When to call `expire` next: milliseconds; undefined while nothing is ever due. */
  get next(): number | undefined {
    return this.#next;
  }

  /** The slot, which is not in the wheel, becomes due at `due` (milliseconds). */
  add(slot: number, due: number): void {
    this.#size++;
    this.#due[slot] = due;
    const at = Math.max(Math.ceil(due / tick), this.#done + 1);
    this.#spokes.append(at % spokes, slot);
    this.#next = Math.min(this.#next ?? Number.POSITIVE_INFINITY, at * tick);
  }

  /** The slot, which is in the wheel, leaves it. */
  remove(slot: number): void {
    this.#spokes.remove(slot);
    if (--this.#size === 0) this.#next = undefined;
  }

  /** Takes out every slot that is due and hands it to `take`, which must not change the wheel. */
  expire(now: number, take: (slot: number) => void): void {
    const last = Math.floor(now / tick);
    // After a turn without a call every spoke is looked at once, and that is enough.
    const from = Math.max(this.#done + 1, last - spokes + 1);
    for (let at = from; at <= last; at++) this.#expireSpoke(at % spokes, now, take);
    this.#done = Math.max(this.#done, last);
    this.#next = this.#size === 0 ? undefined : this.#nextOccupied();
  }

  #expireSpoke(spoke: number, now: number, take: (slot: number) => void): void {
    let slot = this.#spokes.first(spoke);
    while (slot >= 0) {
      const after = this.#spokes.after(slot);
      if ((this.#due[slot] ?? 0) <= now) {
        this.remove(slot);
        take(slot);
      }
      slot = after;
    }
  }

  /** When the next spoke that is not empty comes up: its slots are due then, or a turn later. */
  #nextOccupied(): number {
    let at = this.#done + 1;
    while (at < this.#done + spokes && this.#spokes.first(at % spokes) < 0) at++;
    return at * tick;
  }
}

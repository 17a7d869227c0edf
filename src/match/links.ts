const none = -1;

/**
 * Doubly linked lists of slots (small integers), without an object a slot: each slot is in one list
 * or in none. All operations but growing take constant time.
 */
export class Links {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  #list: Int32Array;
  #before: Int32Array;
  #after: Int32Array;

  constructor(lists: number, slots: number) {
    this.#first = new Int32Array(lists).fill(none);
    this.#last = new Int32Array(lists).fill(none);
    this.#list = new Int32Array(slots).fill(none);
    this.#before = new Int32Array(slots);
    this.#after = new Int32Array(slots);
  }

  /** Makes room for more slots. */
  grow(slots: number): void {
    this.#list = copy(this.#list, new Int32Array(slots).fill(none));
    this.#before = copy(this.#before, new Int32Array(slots));
    this.#after = copy(this.#after, new Int32Array(slots));
  }

  /** The slot that has been in the list for the longest; -1 if it is empty. */
  first(list: number): number {
    return this.#first[list] ?? none;
  }

  /** The slot after this one in its list; -1 after the last. */
  after(slot: number): number {
    return this.#after[slot] ?? none;
  }

  /** Puts the slot at the end of a list, out of the one it was in. */
  append(list: number, slot: number): void {
    this.remove(slot);
    const last = this.#last[list] ?? none;
    this.#list[slot] = list;
    this.#before[slot] = last;
    this.#after[slot] = none;
    this.#last[list] = slot;
    if (last === none) this.#first[list] = slot;
    else this.#after[last] = slot;
  }

  remove(slot: number): void {
    const list = this.#list[slot] ?? none;
    if (list === none) return;
    const before = this.#before[slot] ?? none;
    const after = this.#after[slot] ?? none;
    if (before === none) this.#first[list] = after;
    else this.#after[before] = after;
    if (after === none) this.#last[list] = before;
    else this.#before[after] = before;
    this.#list[slot] = none;
  }
}

export function copy<Numbers extends Int32Array | Uint32Array | Float64Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}

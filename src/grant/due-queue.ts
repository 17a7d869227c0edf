/** An item in the heap. */
interface HeapEntry<Item, Time> {
  readonly item: Item;
  /** The sort key: `due` or earlier, since `due` may have grown meanwhile. */
  at: Time;
  due: Time;
  /** The item was removed, or has another entry. */
  gone: boolean;
}

/** The heap is rebuilt when it holds more than this many entries that are gone, and more of them than others. */
const mostGone = 64;

/**
 * A priority queue by time, earliest first: a binary heap with one entry for each item. A later time for
 * an item costs nothing: its entry is sorted again when it reaches the top.
 */
export class DueQueue<Item, Time extends number = number> {
  readonly #entries = new Map<Item, HeapEntry<Item, Time>>();
  #heap: HeapEntry<Item, Time>[] = [];

  /** How many entries the heap holds, with those that are gone. */
  get size(): number {
    return this.#heap.length;
  }

  /** Adds an item, or changes its time. */
  set(item: Item, due: Time): void {
    const entry = this.#entries.get(item);
    if (entry !== undefined && due >= entry.at) {
      entry.due = due;
      return;
    }
    if (entry !== undefined) entry.gone = true;
    const fresh = { item, at: due, due, gone: false };
    this.#entries.set(item, fresh);
    this.#push(fresh);
    if (this.#heap.length > 2 * this.#entries.size + mostGone) this.#clear();
  }

  delete(item: Item): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    entry.gone = true;
    this.#entries.delete(item);
  }

  /** The earliest time, or undefined if the queue is empty. */
  get first(): Time | undefined {
    return this.#top()?.due;
  }

  /** Removes and returns what is due, in the order of time. */
  takeUntil(now: Time): Item[] {
    const taken: Item[] = [];
    for (let top = this.#top(); top !== undefined && top.due <= now; top = this.#top()) {
      taken.push(top.item);
      this.#entries.delete(top.item);
      this.#removeFirst();
    }
    return taken;
  }

  /** Returns the entry that is due first. */
  #top(): HeapEntry<Item, Time> | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (!top.gone && top.at === top.due) return top;
      this.#removeFirst();
      if (top.gone) continue;
      top.at = top.due;
      this.#push(top);
    }
    return undefined;
  }

  #clear(): void {
    this.#heap = [];
    for (const entry of this.#entries.values()) {
      entry.at = entry.due;
      this.#push(entry);
    }
  }

  #push(entry: HeapEntry<Item, Time>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#sortedBy(parent) <= entry.at) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    heap.pop();
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const least = this.#sortedBy(left + 1) < this.#sortedBy(left) ? left + 1 : left;
      if (this.#sortedBy(least) >= this.#sortedBy(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #sortedBy(at: number): number {
    return this.#heap[at]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}

/** An item's place in the heap. */
interface HeapEntry<Item> {
  readonly item: Item;
  /** What it is sorted by: not after its time, which may have been put off since. */
  at: number;
  due: number;
  /** The item was taken away, or has another entry. */
  gone: boolean;
}

/** Entries that are gone are cleared away when they are more than the others and so many. */
const mostGone = 64;

/**
 * What is due when, earliest first: a binary heap with one entry for each item. To put off what is there
 * costs nothing: its entry is sorted anew when it comes up.
 */
export class DueQueue<Item> {
  readonly #entries = new Map<Item, HeapEntry<Item>>();
  #heap: HeapEntry<Item>[] = [];

  /** The places in memory that are taken. */
  get size(): number {
    return this.#heap.length;
  }

  /** Adds an item, or gives it another time. */
  set(item: Item, due: number): void {
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

  /** The earliest time; undefined if there is nothing. */
  get first(): number | undefined {
    return this.#top()?.due;
  }

  /** Takes out what is due, in the order of its time. */
  takeUntil(now: number): Item[] {
    const taken: Item[] = [];
    for (let top = this.#top(); top !== undefined && top.due <= now; top = this.#top()) {
      taken.push(top.item);
      this.#entries.delete(top.item);
      this.#removeFirst();
    }
    return taken;
  }

  /** The entry that is due first. */
  #top(): HeapEntry<Item> | undefined {
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

  #push(entry: HeapEntry<Item>): void {
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

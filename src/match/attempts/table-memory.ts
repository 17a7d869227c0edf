/**
 * The memory of a table, all zeroes. Shared buffers, though no thread shares them: V8 collects garbage because
 * of 72 MiB in others, at the start of all times.
 */
export interface TableMemory {
  /** How many attempts it is for. */
  readonly capacity: number;
  readonly records: SharedArrayBuffer;
  readonly buckets: SharedArrayBuffer;
}

/** An attempt is a record of as many words of 4 bytes: one line of the cache. */
export const recordWords = 16;

/** Zeroes memory. */
export type ClearMemory = (memory: SharedArrayBuffer) => void;

/**
 * Allocates memory for `capacity` attempts, or for fewer if memory is short, but not for fewer than `least`.
 * All at once: unused pages cost nothing, and growing would take time during a flood.
 */
export function allocateTable(capacity: number, least: number): TableMemory {
  try {
    return {
      capacity,
      records: new SharedArrayBuffer((capacity + 1) * recordWords * 4),
      // Twice as many as attempts: short chains touch few cache lines.
      buckets: new SharedArrayBuffer(4 * 2 ** Math.ceil(Math.log2(2 * capacity))),
    };
  } catch (error) {
    if (capacity <= least) throw error;
    return allocateTable(Math.ceil(capacity / 4), least);
  }
}

/** Writes zeroes, page by page. */
export function fillWithZeroes(memory: SharedArrayBuffer): void {
  new Uint8Array(memory).fill(0);
}

import type { BoardRow } from "./board.ts";
import { BoardError } from "./board.ts";

/** Bytes of all rows of a hash: as much as a whole store is to have. */
const most = 128 * 2 ** 20;

/** Bytes that a row costs beside its content, about. */
const rowCost = 100;

/** Returns the same, and throws a `BoardError` where a store has no end of rows. */
export async function* boundedRows(
  parts: AsyncIterable<readonly BoardRow[]>,
): AsyncIterable<readonly BoardRow[]> {
  let size = 0;
  for await (const rows of parts) {
    for (const { field, sealed } of rows) size += rowCost + field.length + sealed.length;
    if (size > most) throw new BoardError("lost", "the store has more rows than a fleet can");
    yield rows;
  }
}

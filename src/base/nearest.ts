/** More edits than this make another word. */
const mostEdits = 2;

/** Returns the word that `written` most likely means, or `undefined` if none is near. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = mostEdits + 1;
  for (const word of words) {
    if (Math.abs(word.length - written.length) >= fewest) continue;
    const edits = editsBetween(written, word);
    if (edits >= fewest || edits > word.length - 1) continue;
    best = word;
    fewest = edits;
  }
  return best ?? words.find((word) => written.length > 1 && word.startsWith(written));
}

/**
 * Letters to put in, take out or exchange, and neighbours to swap, to make one word of the other;
 * more than `mostEdits` for all that are more.
 */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  let fewestInLast = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let fewest = i;
    for (let j = 1; j <= b.length; j++) {
      const exchange = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (beforeLast[j - 2] ?? 0) + 1 : exchange;
      const edits = Math.min(exchange, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      row.push(edits);
      if (edits < fewest) fewest = edits;
    }
    // Each row follows from the two before it.
    if (fewest > mostEdits && fewestInLast > mostEdits) return fewest;
    fewestInLast = fewest;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

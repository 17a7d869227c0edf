/** The word that `written` most likely means; undefined if none is near. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const near = words
    .map((word) => ({ word, edits: editsBetween(written, word) }))
    .filter(({ word, edits }) => edits <= Math.min(2, word.length - 1))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.word ?? words.find((word) => written.length > 1 && word.startsWith(written));
}

/** Letters to put in, take out or exchange, and neighbours to swap, to make one word of the other. */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (beforeLast[j - 2] ?? 0) + 1 : exchange;
      row.push(Math.min(exchange, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

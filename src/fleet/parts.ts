/** Returns all in parts of so many; by default those that the store is asked for at once. */
export function partsOf<T>(all: readonly T[], length = 500): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < all.length; i += length) parts.push(all.slice(i, i + length));
  return parts;
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Returns a time in the syntax of nft, such as `1d12h`; nft refuses numbers of more than 8 digits in it. */
export function formatNftTime(milliseconds: number): string {
  let rest = Math.ceil(milliseconds);
  const parts = units.map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest %= length;
    return count > 0 ? `${count}${unit}` : "";
  });
  return parts.join("") || "0ms";
}

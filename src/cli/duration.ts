const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/**
 * A length of time as people say it, rounded down: `9m 58s`, `3d 4h`, `1.5s`, `500ms`. Two units at
 * most, and no zeros.
 */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 1000) return milliseconds < 1 ? "0s" : `${Math.floor(milliseconds)}ms`;
  if (milliseconds < 10_000) return `${Math.floor(milliseconds / 100) / 10}s`;
  const seconds = Math.floor(milliseconds / 1000);
  const first = units.findIndex(([, size]) => seconds >= size);
  let left = seconds;
  return units
    .slice(first, first + 2)
    .flatMap(([unit, size]) => {
      const amount = Math.floor(left / size);
      left -= amount * size;
      return amount === 0 ? [] : [`${amount}${unit}`];
    })
    .join(" ");
}

/** `1 door`, `2 doors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const unitMilliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof unitMilliseconds;

/** A hundred years: longer than any door, shorter than what a clock can hold. */
export const longestDuration: number = 36_525 * unitMilliseconds.d;

/**
 * Milliseconds of `30`, `30s`, `500ms`, `10m`, `1h`, `2d`, `5 seconds`; a bare number is seconds. Undefined if
 * `text` is none of these or longer than a hundred years.
 */
export function parseDuration(text: string): number | undefined {
  const [, number, word = "s"] = /^(\d{1,12})(?:\s*([a-z]+))?$/i.exec(text) ?? [];
  const unit = unitOf(word.toLowerCase());
  if (number === undefined || unit === undefined) return undefined;
  const milliseconds = Number(number) * unitMilliseconds[unit];
  return milliseconds <= longestDuration ? milliseconds : undefined;
}

/** `10 seconds` and the like were read as 10 by knockd 0.8. */
function unitOf(word: string): Unit | undefined {
  if (Object.hasOwn(unitMilliseconds, word)) return word as Unit;
  return /^(sec|second|min|minute|hour|day)s?$/.test(word) ? (word.charAt(0) as Unit) : undefined;
}

/** The shortest text that `parseDuration` reads back as the same length. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  const units = Object.entries(unitMilliseconds).reverse();
  const [unit, length] = units.find(([, size]) => milliseconds % size === 0) ?? ["ms", 1];
  return unit === "s" ? `${milliseconds / length}` : `${milliseconds / length}${unit}`;
}

const peopleUnits = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/**
 * A length of time as people say it, rounded to the nearest: `9m 58s`, `3d 4h`, `1.5s`, `500ms`. Two units
 * at most, and no zeros.
 */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < 0.5) return "0s";
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 9950) return `${Math.round(milliseconds / 100) / 10}s`;
  const seconds = Math.round(milliseconds / 1000);
  const [, resolution = 1] = peopleUnits[firstUnit(seconds) + 1] ?? [];
  let left = Math.round(seconds / resolution) * resolution;
  const first = firstUnit(left);
  return peopleUnits
    .slice(first, first + 2)
    .flatMap(([unit, size]) => {
      const amount = Math.floor(left / size);
      left -= amount * size;
      return amount === 0 ? [] : [`${amount}${unit}`];
    })
    .join(" ");
}

function firstUnit(seconds: number): number {
  return peopleUnits.findIndex(([, size]) => seconds >= size);
}

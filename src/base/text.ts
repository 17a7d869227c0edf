import { oneLine } from "./log.ts";

/** Returns text that a terminal shows as it is: what would move the cursor or turn the direction becomes `?`. */
export function printable(text: string): string {
  return oneLine(text).replace(/[\t\p{Cf}\p{Co}\p{Cs}]/gu, "?");
}

/** `1 door`, `2 doors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

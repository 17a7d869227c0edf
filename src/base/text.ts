import { oneLine } from "./log.ts";

/** Returns text that a terminal shows as it is: what would move the cursor or turn the direction becomes `?`. */
export function printable(text: string): string {
  return oneLine(text).replace(/[\t\p{Cf}\p{Co}\p{Cs}]/gu, "?");
}

/** `printable` for each line of a text. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** `1 door`, `2 doors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

import { textWidth } from "../../src/cli/text-width.ts";

/** Returns the lines of a text that do not fit a terminal. */
export function tooWide(text: string, columns = 80): string[] {
  return text.split("\n").filter((line) => textWidth(line) > columns);
}

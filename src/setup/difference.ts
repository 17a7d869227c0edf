import { printable } from "../base/text.ts";

/** Returns a unified diff, or an empty text if there is no difference. */
export async function difference(file: string, before: string, after: string): Promise<string> {
  if (before === after) return "";
  const { createTwoFilesPatch } = await import("diff");
  return createTwoFilesPatch(file, file, before, after, "before", "after");
}

/** Returns the diff for a terminal: without the header above the names, with the tabs of the file. */
export function readable(diff: string): string {
  const rows = diff.slice(Math.max(0, diff.indexOf("--- "))).split("\n");
  return rows.map((row) => row.split("\t").map(printable).join("\t")).join("\n");
}

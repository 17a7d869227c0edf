import { printable } from "../base/text.ts";

/** A unified diff; empty if the texts are the same. */
export async function difference(file: string, before: string, after: string): Promise<string> {
  if (before === after) return "";
  const { createTwoFilesPatch } = await import("diff");
  return createTwoFilesPatch(file, file, before, after, "before", "after");
}

/** Without the lines above the names, which say nothing; with the tabs of the file. */
export function readable(diff: string): string {
  const rows = diff.slice(Math.max(0, diff.indexOf("--- "))).split("\n");
  return rows.map((row) => row.split("\t").map(printable).join("\t")).join("\n");
}

import type { LineUse } from "./single-use.ts";

/** A line of a one-time list that is not used yet. */
export type UnusedLine = Pick<LineUse, "offset" | "sequence">;

/**
 * How far a one-time list is used, as the store keeps it: where the line begins, a digest of its sequence, and the
 * gateway that used it. Others may have written anything there.
 */
export function formatMark(offset: number, digest: string, owner: string): string {
  return `${offset} ${digest} ${owner}`;
}

/** What a mark in the store says of a line that this gateway wants to use. */
type MarkVerdict = "used" | "free";

/**
 * Returns what `held` says of a line that another gateway may have used. A line is used if the mark is its own, or
 * that of a line after it: lists are used in their order. A mark that is at none of these lines is of a line before
 * it, or of a list that this one replaced.
 * `unused`: the lines after it. `digestOf` returns the digest of a sequence.
 */
export function judgeMark(
  held: string,
  line: UnusedLine,
  unused: readonly UnusedLine[],
  digestOf: (sequence: string) => string,
): MarkVerdict {
  const [offsetText = "", digest = ""] = held.split(" ");
  const offset = Number(offsetText);
  const lines = [line, ...unused];
  const isThere = (one: UnusedLine) => digestOf(one.sequence) === digest;
  // An edit of the list moves lines.
  const atOffset = lines.find((one) => one.offset === offset);
  return (atOffset !== undefined && isThere(atOffset)) || lines.some(isThere) ? "used" : "free";
}

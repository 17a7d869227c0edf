import { createHash } from "node:crypto";
import type { Sequence } from "../base/sequence.ts";
import { parseSequence, sameSequence } from "../base/sequence.ts";

/** An unused sequence of a list of one-time sequences. */
export interface OneTimeSequence {
  readonly sequence: Sequence;
  /** Where its line begins, in bytes: the byte to overwrite when the sequence is used. */
  readonly offset: number;
}

/** A line of the list that cannot be read. */
interface MalformedLine {
  readonly line: number;
  readonly problem: string;
}

export interface OneTimeList {
  /** In the order of their use. */
  readonly unused: readonly OneTimeSequence[];
  readonly malformed: readonly MalformedLine[];
  /** A digest of all lines, the same whether they are used or not. */
  readonly lines: string;
}

const byteOrderMark = "\u00ef\u00bb\u00bf";

/** Begins a line that is used, or a comment. */
export const usedMark: string = "#";

/**
 * Reads a list: a sequence a line. Empty lines and lines that begin with `#` are skipped.
 * @param text the file, decoded as Latin-1, so that offsets are those of the file
 */
export function readOneTimeList(text: string): OneTimeList {
  const unused: OneTimeSequence[] = [];
  const malformed: MalformedLine[] = [];
  // The byte order mark does not belong to the first line.
  let offset = text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  text
    .slice(offset)
    .split("\n")
    .forEach((raw, i) => {
      const content = raw.trim();
      if (content !== "" && !content.startsWith(usedMark)) {
        const sequence = parseSequence(content.replace(/#.*$/s, ""));
        if ("problem" in sequence) malformed.push({ line: i + 1, problem: sequence.problem });
        else unused.push({ sequence, offset });
      }
      offset += raw.length + 1;
    });
  return { unused, malformed, lines: digestLines(text) };
}

/** A mark replaces the first byte of a line. */
function digestLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim().slice(1));
  return createHash("sha256").update(lines.join("\n"), "latin1").digest("base64url");
}

/** Returns the unused line of this sequence, or `undefined` if it was removed. */
export function findUnused(list: OneTimeList, used: Sequence): OneTimeSequence | undefined {
  return list.unused.find(({ sequence }) => sameSequence(sequence, used));
}

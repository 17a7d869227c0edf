import type { Sequence } from "../base/sequence.ts";
import { parseSequence, sameSequence } from "../base/sequence.ts";

/** A sequence that stands in a list of one-time sequences. */
export interface OneTimeSequence {
  readonly sequence: Sequence;
  /** Where its line begins, in bytes: the byte to overwrite once it is used. */
  readonly offset: number;
}

/** A line of the list that is no sequence. */
interface MalformedLine {
  readonly line: number;
  readonly problem: string;
}

export interface OneTimeList {
  /** In the order in which they are to be used. */
  readonly unused: readonly OneTimeSequence[];
  readonly malformed: readonly MalformedLine[];
}

const byteOrderMark = "\u00ef\u00bb\u00bf";

/** What marks a line as used, or as a comment. */
export const usedMark: string = "#";

/**
 * Reads a list: a sequence a line; empty lines and lines that begin with `#` do not count.
 * @param text the file, a character a byte (Latin-1), so that offsets are those of the file
 */
export function readOneTimeList(text: string): OneTimeList {
  const unused: OneTimeSequence[] = [];
  const malformed: MalformedLine[] = [];
  // A byte order mark, a byte a character, is no part of the first line.
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
  return { unused, malformed };
}

/** Where the line of a sequence that was just used stands now; undefined if somebody removed it. */
export function findUnused(list: OneTimeList, used: Sequence): OneTimeSequence | undefined {
  return list.unused.find(({ sequence }) => sameSequence(sequence, used));
}

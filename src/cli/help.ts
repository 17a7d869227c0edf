// The layout of help texts: at most 80 columns, whatever the terminal has.
import type { Option } from "./getopt.ts";
import { cutToWidth, textWidth } from "./text-width.ts";

/** The widest line of a help text, an explanation or a hint. */
const helpWidth = 80;

/** A longer term of a list stands in a line of its own. */
const widestTerm = 22;

/** An option, and what its line of a help text says. */
export interface HelpOption extends Option {
  /** Begins with a verb; a default stands at the end, in brackets. */
  readonly help: string;
  /** The usage line has it, and a command line without it is wrong. */
  readonly isRequired?: true;
}

/** Breaks a paragraph into lines. Longer words stay whole. */
export function wrap(text: string): string {
  return `${breakLines(text, helpWidth).join("\n")}\n`;
}

/** Breaks a text at blanks into lines of at most `width` columns. Longer words stay whole. */
export function breakLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Breaks a text into lines of at most `width` columns: at blanks, and within longer words. */
export function breakText(text: string, width: number): string[] {
  return breakLines(text, width).flatMap((line) => {
    const pieces: string[] = [];
    let rest = line;
    while (textWidth(rest) > width) {
      const piece = cutToWidth(rest, width) || rest.slice(0, 1);
      pieces.push(piece);
      rest = rest.slice(piece.length);
    }
    return [...pieces, rest];
  });
}

/** Breaks the paragraphs of a text into lines; an empty line stands between two paragraphs, whatever the indentation. */
export function formatParagraphs(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map(wrap)
    .join("\n");
}

/** Terms and their explanations, a line each or more: `  -j, --json  print JSON`. */
export function formatTerms(terms: readonly (readonly [term: string, text: string])[]): string {
  const widths = terms.map(([term]) => textWidth(term));
  const column = Math.max(0, ...widths.filter((width) => width <= widestTerm)) + 4;
  return terms
    .map(([term, text]) => {
      const lines = breakLines(text, helpWidth - column);
      // A longer term has a line of its own.
      if (textWidth(term) > widestTerm) lines.unshift("");
      return lines
        .map((line, i) => `${(i === 0 ? `  ${term}` : "").padEnd(column)}${line}`.trimEnd())
        .join("\n");
    })
    .map((text) => `${text}\n`)
    .join("");
}

/** The lines of options in a help text. */
export function formatOptions(options: readonly HelpOption[]): string {
  return formatTerms(options.map((option) => [formatOption(option), option.help]));
}

function formatOption({ short, long, argument }: Option): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return `${letter}--${long}${argument === undefined ? "" : ` ${argument}`}`;
}

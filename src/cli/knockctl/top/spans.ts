// Lines of coloured pieces that fit a terminal, whatever texts they have. Pure.
import { printable } from "../../../base/text.ts";
import type { Color, Screen } from "../../screen.ts";
import { paint } from "../../screen.ts";
import { cutToWidth, shortenTo, textWidth } from "../../text-width.ts";

/** What shows the view of `knockctl top`. */
export interface TopScreen extends Screen {
  readonly rows: number;
  readonly glyphs: BarGlyphs;
}

/** A piece of a line. */
interface Span {
  readonly text: string;
  readonly color?: Color | undefined;
}

/** The pieces of a line, from left to right. */
export type SpanLine = readonly Span[];

/** Returns the line as the terminal gets it: at most `screen.columns` wide, control characters shown as `?`. */
export function drawSpans(line: SpanLine, screen: Screen): string {
  let room = screen.columns;
  let drawn = "";
  for (const { text, color } of line) {
    const shown = cutText(text, room);
    drawn += paint(screen, color, shown);
    room -= textWidth(shown);
  }
  return drawn;
}

/** Returns the text without control characters; `…` stands for what does not fit. */
function cutText(text: string, width: number): string {
  return width < 1 ? "" : shortenTo(printable(text), width);
}

/** Returns the text in exactly so many columns. */
export function padText(text: string, width: number, align: "left" | "right" = "left"): string {
  const shown = cutText(text, width);
  const blanks = " ".repeat(Math.max(0, width - textWidth(shown)));
  return align === "left" ? shown + blanks : blanks + shown;
}

/** Breaks a text at blanks into lines of at most `width` columns; longer words, too. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).trim().split(/ +/)) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
    while (textWidth(line) > width) {
      // A character of two columns does not fit a terminal of one.
      const start = cutToWidth(line, width) || line.slice(0, 1);
      lines.push(start);
      line = line.slice(start.length);
    }
  }
  return [...lines, line];
}

/** The characters of a bar. */
export interface BarGlyphs {
  readonly full: string;
  readonly empty: string;
}

/** Returns the bar of a share between 0 and 1; a share above 0 shows. */
export function drawBar(share: number, width: number, { full, empty }: BarGlyphs): string {
  const filled = share <= 0 ? 0 : Math.max(1, Math.round(Math.min(1, share) * width));
  return full.repeat(Math.min(width, filled)) + empty.repeat(Math.max(0, width - filled));
}

/** Returns the characters that a terminal of this environment shows. */
export function barGlyphs(environment: NodeJS.ProcessEnv): BarGlyphs {
  const { LC_ALL, LC_CTYPE, LANG } = environment;
  const isUnicode = /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "");
  return isUnicode ? { full: "█", empty: "░" } : { full: "#", empty: "." };
}

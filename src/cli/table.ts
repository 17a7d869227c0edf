import { printable } from "../base/text.ts";
import { breakLines, breakText } from "./help.ts";
import type { Color, Screen } from "./screen.ts";
import { paint, plainScreen } from "./screen.ts";
import { shortenTo, textWidth } from "./text-width.ts";

/** A column: its title, and the side on which its cells begin. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** A narrow terminal shows the column without this only: those with the smallest number yield first. */
  readonly yields?: number;
  /** Cells that are too long are broken into several lines, and not cut. */
  readonly breaks?: true;
}

/** A cell, or its text. */
export type TableCell = string | StyledCell;

export interface StyledCell {
  readonly text: string;
  /** Stands for `text` where the terminal is too narrow. */
  readonly short?: string;
  readonly color?: Color;
}

/** A column with its cells. */
interface ShownColumn extends Column {
  readonly cells: readonly StyledCell[];
  readonly width: number;
}

/** Two blanks stand between columns. */
const gap = 2;

/** A column is not cut to less than this. */
const narrowest = 6;

/**
 * Two blanks between columns, none at the ends of lines; control characters are shown as `?`. On a terminal that
 * is too narrow, columns take the short texts of their cells, those that yield are left out, and the widest
 * are cut, in this order, until it fits.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
  screen: Screen = plainScreen,
): string {
  const all = columns.map((column, i) =>
    makeColumn(
      column,
      rows.map((row) => detail(row[i] ?? "")),
    ),
  );
  const shown = fitColumns(all, screen.columns);
  const titles = shown.map((column) => pad(column, { text: column.title, color: "bold" }, screen));
  const lines = rows.flatMap((_, i) => {
    const cells = shown.map((column) => splitCell(column, column.cells[i] ?? { text: "" }));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, row) =>
      shown.map((column, at) => pad(column, cells[at]?.[row] ?? { text: "" }, screen)),
    );
  });
  return [titles, ...lines].map((cells) => `${join(cells)}\n`).join("");
}

function detail(cell: TableCell): StyledCell {
  return typeof cell === "string" ? { text: cell } : cell;
}

function makeColumn(column: Column, cells: readonly StyledCell[]): ShownColumn {
  const safe = cells.map((cell) => ({ ...cell, text: printable(cell.text) }));
  const widths = [column.title, ...safe.map(({ text }) => text)].map(textWidth);
  return { ...column, cells: safe, width: Math.max(...widths) };
}

function fitColumns(all: readonly ShownColumn[], width: number): readonly ShownColumn[] {
  let columns = all;
  const rank = ({ yields = Number.POSITIVE_INFINITY }: Column) => yields;
  const order = [...all].sort((a, b) => rank(a) - rank(b));
  for (const { title } of order) {
    if (totalWidth(columns) <= width) return columns;
    columns = columns.map((column) => (column.title === title ? shorten(column) : column));
  }
  for (const { title, yields } of order) {
    if (totalWidth(columns) <= width) return columns;
    if (yields !== undefined) columns = columns.filter((column) => column.title !== title);
  }
  while (totalWidth(columns) > width) {
    const widest = Math.max(...columns.map((column) => column.width));
    if (widest <= narrowest) break;
    const at = columns.findLastIndex((column) => column.width === widest);
    columns = columns.map((column, i) => (i === at ? { ...column, width: widest - 1 } : column));
  }
  return columns;
}

function shorten(column: ShownColumn): ShownColumn {
  return makeColumn(
    column,
    column.cells.map(({ text, short = text, ...cell }) => ({ ...cell, text: short })),
  );
}

function totalWidth(columns: readonly ShownColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width + gap, -gap);
}

/** Returns the lines of a cell. */
function splitCell({ breaks, width }: ShownColumn, cell: StyledCell): readonly StyledCell[] {
  if (!breaks) return [cell];
  return breakText(cell.text, width).map((text) => ({ ...cell, text }));
}

interface PaddedCell {
  readonly text: string;
  readonly before: number;
  readonly after: number;
}

function pad(
  { width, align }: ShownColumn,
  { text, color }: StyledCell,
  screen: Screen,
): PaddedCell {
  const cut = shortenTo(text, width);
  const blanks = Math.max(0, width - textWidth(cut));
  const [before, after] = align === "right" ? [blanks, 0] : [0, blanks];
  return { text: paint(screen, color, cut), before, after };
}

/** Blanks at the end of a line are left out, also where colours end after them. */
function join(cells: readonly PaddedCell[]): string {
  let line = "";
  let blanks = 0;
  for (const { text, before, after } of cells) {
    if (text !== "") {
      line += " ".repeat(blanks + before) + text;
      blanks = after + gap;
    } else blanks += before + after + gap;
  }
  return line;
}

/** Names and values under each other: `doors     3`. A terminal that is too narrow shows a value in several lines. */
export function formatList(
  facts: readonly (readonly [name: string, value: string, color?: Color])[],
  screen: Screen = plainScreen,
): string {
  const widest = Math.max(0, ...facts.map(([name]) => textWidth(name)));
  return facts
    .map(([name, value, color]) => {
      const room = Math.max(narrowest, screen.columns - widest - gap);
      const text = printable(value);
      const lines = textWidth(text) > room ? breakLines(text, room) : [text];
      return lines
        .map((line, i) => {
          const start = i === 0 ? name : "";
          const blanks = " ".repeat(widest + gap - textWidth(start));
          return `${start}${blanks}${paint(screen, color, line)}`.trimEnd();
        })
        .map((line) => `${line}\n`)
        .join("");
    })
    .join("");
}

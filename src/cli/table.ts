import { printable } from "../base/text.ts";
import { textWidth } from "./text-width.ts";

/** A column: its title, and the side on which its cells begin. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Two blanks between columns, none at the ends of lines; control characters are shown as `?`. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [columns.map(({ title }) => title), ...rows].map((row) => row.map(printable));
  const widths = columns.map((_, i) =>
    Math.max(...lines.map((cells) => textWidth(cells[i] ?? ""))),
  );
  const format = (cells: readonly string[]) =>
    columns.map(({ align }, i) => pad(cells[i] ?? "", widths[i] ?? 0, align)).join("  ");
  return lines.map((cells) => `${format(cells).trimEnd()}\n`).join("");
}

/** Names and values under each other: `doors     3`. */
export function formatList(facts: readonly (readonly [name: string, value: string])[]): string {
  const widest = Math.max(0, ...facts.map(([name]) => textWidth(name)));
  const format = ([name, value]: readonly [string, string]) =>
    `${pad(name, widest)}  ${printable(value)}`.trimEnd();
  return facts.map((fact) => `${format(fact)}\n`).join("");
}

function pad(text: string, to: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, to - textWidth(text)));
  return align === "left" ? text + blanks : blanks + text;
}

import { humanDuration } from "../../src/base/duration.ts";
import type { AnyRow } from "../../src/config/directive.ts";
import {
  commandDirectives,
  doorDirectives,
  nativeDirectives,
  options,
  sequences,
} from "../../src/config/directives.ts";
import { duration } from "../../src/config/kinds.ts";

export const optionRows: readonly AnyRow[] = Object.values(options);
export const doorRows: readonly AnyRow[] = [
  ...[sequences, doorDirectives, nativeDirectives, commandDirectives].flatMap((group): AnyRow[] =>
    Object.values(group),
  ),
];

/** Returns all names of directives, as the documents write them. */
export function namesIn(rows: readonly AnyRow[]): string[] {
  return rows.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
}

/** Returns the table of all directives for a document in Markdown. */
export function markdownTable(): string {
  return [
    "| section | directive | meaning | default |",
    "| --- | --- | --- | --- |",
    ...optionRows.map((row, i) => line(row, i === 0 ? "`[options]`" : "")),
    ...doorRows.map((row, i) => line(row, i === 0 ? "a door" : "")),
    "",
  ].join("\n");
}

function line(row: AnyRow, section: string): string {
  const { name, aliases = [], kind, summary, example } = row;
  const usage = kind.isBare ? name : `${name} = ${example ?? kind.syntax}`;
  const spellings = [usage, ...aliases].map((text) => `\`${text.replaceAll("|", "\\|")}\``);
  return `| ${section}${section && " "}| ${spellings.join(", ")} | ${summary} | ${defaultOf(row)} |`;
}

/** A length of time has its unit, since readers do not know that seconds need none. */
function defaultOf({ kind, default: value, absent }: AnyRow): string {
  if (absent !== undefined) return absent;
  if (value === undefined) return "";
  return kind === duration ? humanDuration(value as number) : kind.format(value);
}

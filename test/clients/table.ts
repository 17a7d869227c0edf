import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IpFamily, Knocks } from "./client.ts";

const file = join(import.meta.dirname, "../../docs/clients.md");

/** The columns of results, from left to right. */
export const columns: readonly (readonly [Knocks, IpFamily])[] = [
  ["dropped", 4],
  ["dropped", 6],
  ["refused", 4],
  ["refused", 6],
];

/** What a test run found out about a client. */
export interface Row {
  readonly client: string;
  readonly version: string;
  /** What was typed, with HOST for the address. */
  readonly typed: string;
  /** In the order of `columns`. */
  readonly results: readonly string[];
}

/** The names of the clients in docs/clients.md, in its order. */
export function namesInTable(): string[] {
  return [...rowsOf(readFileSync(file, "utf8")).keys()];
}

/**
 * Holds rows against docs/clients.md: those that differ in more than the version, as they should
 * stand there. With SESAME_WRITE_CLIENTS in the environment they are written there instead; a row that is new comes last.
 */
export function compareRows(rows: readonly Row[]): string[] {
  const text = readFileSync(file, "utf8");
  const present = rowsOf(text);
  if (process.env["SESAME_WRITE_CLIENTS"] === undefined) {
    return rows
      .filter((row) => present.get(row.client) !== withoutVersion(format(row)))
      .map(format);
  }
  let written = text.trimEnd();
  for (const row of rows) {
    const line = written.split("\n").find((one) => one.startsWith(`| ${row.client} |`));
    written =
      line === undefined ? `${written}\n${format(row)}` : written.replace(line, () => format(row));
  }
  writeFileSync(file, `${written}\n`);
  return [];
}

function format({ client, version, typed, results }: Row): string {
  const cells = [client, version, `\`${typed}\``, ...results];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The lines of the table, without versions, by client. */
function rowsOf(text: string): Map<string, string> {
  const lines = text.slice(text.indexOf("\n| ---")).split("\n").slice(2);
  return new Map(
    lines
      .filter((line) => line.startsWith("| "))
      .map((line) => [line.split(" | ")[0]?.slice(2) ?? "", withoutVersion(line)]),
  );
}

function withoutVersion(line: string): string {
  return line.replace(/^(\| [^|]*\|)[^|]*\|/, "$1");
}

// How the lines of a section are written.
import type { ConfigSection } from "../lines.ts";

/** Returns a directive as the lines of its section are written: with their indent, and below their `=`. Pure. */
export function formatDirective(
  lines: readonly string[],
  { directives }: Pick<ConfigSection, "directives">,
  name: string,
  value: string,
): string {
  const written = directives.map(({ line }) => lines[line - 1] ?? "");
  const indent = /^\s*/.exec(written[0] ?? "    ")?.[0] ?? "";
  const columns = written.flatMap((line) => /^(\s*[^\s=]+ *)=/.exec(line)?.[1]?.length ?? []);
  const [column = 0] = columns;
  const isAligned = columns.every((other) => other === column);
  const start = `${indent}${name} `;
  return `${isAligned ? start.padEnd(column) : start}= ${value}`;
}

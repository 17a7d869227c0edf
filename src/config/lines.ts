import type { Problem } from "./problem.ts";

/** `key = value` as it stands in the file. */
export interface Directive {
  /** As it was written; keys are compared in lower case. */
  readonly key: string;
  /** Without the blanks around it; undefined if there is no `=`. */
  readonly value: string | undefined;
  readonly line: number;
  readonly column: number;
  readonly valueColumn: number;
}

export interface ConfigSection {
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly directives: readonly Directive[];
}

/**
 * The sections of a knockd.conf in the order they stand. Lines are of any length and may end in CR
 * LF; blanks around them, empty lines and lines that begin with `#` mean nothing. A `;` begins no
 * comment, since commands are full of them. `example`: a first line, for a hint.
 */
export function readSections(
  text: string,
  problems: Problem[],
  example = "[options]",
): ConfigSection[] {
  const sections: (ConfigSection & { readonly directives: Directive[] })[] = [];
  text.split("\n").forEach((written, i) => {
    const line = i + 1;
    const significant = readLine(written, line, problems);
    if (significant === undefined) return;
    const { raw, content, column } = significant;
    const report = (message: string, hint?: string) =>
      problems.push({ severity: "error", line, column, message, ...(hint && { hint }) });
    if (content.startsWith("[")) {
      const name = sectionName(content);
      const hint = /\]\s*;/.test(content) ? "comments begin with #" : undefined;
      if (name === undefined) report("syntax error: expected [NAME], and nothing after it", hint);
      else if (name === "") report("bad section name: it is empty");
      // Lines after a bad section line still get read, as part of a section without a name.
      sections.push({ name: name ?? "", line, column, directives: [] });
      return;
    }
    const directive = readDirective(raw, line, column);
    const section = sections.at(-1);
    if (section !== undefined) section.directives.push(directive);
    else if (content.startsWith(";")) report("syntax error", "comments begin with #");
    else report("all directives must belong to a section", `begin with a line ${example}`);
  });
  return sections;
}

/** The directives of a file without sections, in the order they stand; its lines are as those of a knockd.conf. */
export function readDirectives(text: string, problems: Problem[]): Directive[] {
  return text.split("\n").flatMap((written, i) => {
    const line = i + 1;
    const significant = readLine(written, line, problems);
    if (significant === undefined) return [];
    const { raw, content, column } = significant;
    if (!content.startsWith("[")) return readDirective(raw, line, column);
    problems.push({ severity: "error", line, column, message: "this file has no sections" });
    return [];
  });
}

/** Characters that take no room: of width zero, soft hyphens, marks of direction and of byte order. */
export const invisible: RegExp =
  /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/** `invisible character U+200B` */
export function nameCharacter(what: string, character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `${what} U+${code}`;
}

/** An invisible character in a line that is no comment, where no value can hold it. */
function invisibleBeforeValue(
  line: string,
): Pick<Problem, "column" | "message" | "hint"> | undefined {
  const start = line.length - line.trimStart().length;
  if (line[start] === "#") return undefined;
  const [head = ""] = line.trim().split("=", 1);
  const at = head.search(invisible);
  if (at < 0) return undefined;
  const message = nameCharacter("invisible character", head[at] ?? "");
  return { column: start + [...head.slice(0, at)].length + 1, message, hint: "delete it" };
}

/** Returns a line that says something, without invisible characters before its value, and its first column. */
function readLine(
  written: string,
  line: number,
  problems: Problem[],
): { readonly raw: string; readonly content: string; readonly column: number } | undefined {
  const odd = invisibleBeforeValue(written);
  const raw = odd === undefined ? written : written.replace(invisible, "");
  const content = raw.trim();
  if (content === "" || content.startsWith("#")) return undefined;
  if (odd !== undefined) problems.push({ severity: "error", line, ...odd });
  return { raw, content, column: raw.length - raw.trimStart().length + 1 };
}

/** What is between the brackets, blanks included; undefined if more than a comment follows. */
function sectionName(content: string): string | undefined {
  const [, name] = /^\[(.*)\]\s*$/.exec(content.replace(/\]\s+#.*$/s, "]")) ?? [];
  return name;
}

function readDirective(raw: string, line: number, column: number): Directive {
  // A comment may follow a key that stands alone; what it says is no value.
  const keyPart = raw.replace(/\s#.*$/s, "");
  const equals = keyPart.includes("=") ? raw.indexOf("=") : -1;
  const key = (equals < 0 ? keyPart : raw.slice(0, equals)).trim();
  if (equals < 0) return { key, value: undefined, line, column, valueColumn: column };
  const after = raw.slice(equals + 1);
  const valueColumn = equals + 2 + after.length - after.trimStart().length;
  return { key, value: after.trim(), line, column, valueColumn };
}

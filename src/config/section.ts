// What one section of a file says of its directives.
import { nearest } from "../base/nearest.ts";
import type { AnyRow, DirectiveRow } from "./directive.ts";
import { namesOf } from "./directive.ts";
import {
  commandDirectives,
  doorDirectives,
  nativeDirectives,
  options,
  sequences,
} from "./directives.ts";
import type { Directive } from "./lines.ts";
import type { Problem } from "./problem.ts";
import type { Parsed } from "./values.ts";

/** A file with more problems than these is no configuration: looking for words near its words takes long. */
const mostSuggestions = 20;

/** A kind of section: the directives that belong into it, by all their names in lower case. */
type Vocabulary = ReadonlyMap<string, AnyRow>;

export const optionVocabulary: Vocabulary = vocabulary(options);
export const doorVocabulary: Vocabulary = vocabulary(
  sequences,
  doorDirectives,
  nativeDirectives,
  commandDirectives,
);

/** The values that a section gives to its directives; of those that come twice the last counts. */
export class SectionValues {
  readonly #values = new Map<AnyRow, unknown>();
  readonly #found = new Set<AnyRow>();

  /** A relative path starts from `directory`, or stays as it is without one. */
  constructor(
    directives: readonly Directive[],
    known: Vocabulary,
    problems: Problem[],
    directory: string | undefined,
  ) {
    directives.forEach((directive, i) => {
      const row = known.get(directive.key.toLowerCase());
      if (row !== undefined) this.#read(directive, row, problems, directory);
      else if (!isAnywhere(directive)) {
        const maySuggest = problems.length < mostSuggestions;
        problems.push(
          continuation(directive, directives[i - 1]) ?? unknownKey(directive, maySuggest),
        );
      }
    });
  }

  /** Returns whether the section has this directive, even if its value cannot be read. */
  has(row: AnyRow): boolean {
    return this.#found.has(row);
  }

  /** Returns the value of a directive; `undefined` if the section gives none that can be read. */
  readonly get = <T, Default extends T | undefined>(
    row: DirectiveRow<T, Default>,
  ): T | undefined => {
    // What the row's own kind has read.
    return this.#values.get(row) as T | undefined;
  };

  #read(
    directive: Directive,
    row: AnyRow,
    problems: Problem[],
    directory: string | undefined,
  ): void {
    this.#found.add(row);
    const { key, value, line, column, valueColumn } = directive;
    if (value === undefined && !row.kind.isBare) {
      const message = `syntax error: "${key}" needs a value`;
      problems.push({ severity: "error", line, column, message, hint: `${key} = …` });
      return;
    }
    const parsed = readValue(directive, row, directory);
    if ("value" in parsed) {
      this.#values.set(row, parsed.value);
      return;
    }
    problems.push({
      severity: "error",
      line,
      column: valueColumn + parsed.offset,
      message: `${key}: ${parsed.problem}`,
      ...(parsed.hint && { hint: parsed.hint }),
    });
  }
}

/** Reads the value of a directive, without the comment that may follow it. */
export function readValue<T, Default extends T | undefined>(
  { value = "" }: Directive,
  { kind }: DirectiveRow<T, Default>,
  directory?: string,
): Parsed<T> {
  if (kind.comments === "none") return kind.parse(value, directory);
  const comment = kind.comments === "anywhere" ? /#.*$/s : /(^|\s)#.*$/s;
  return kind.parse(value.replace(comment, "").trimEnd(), directory);
}

/** Returns whether an option counts in every section. */
export function isAnywhere({ key }: Directive): boolean {
  return optionVocabulary.get(key.toLowerCase())?.isAnywhere === true;
}

function vocabulary(...groups: readonly Readonly<Record<string, AnyRow>>[]): Vocabulary {
  const rows = groups.flatMap((group) => Object.values(group));
  return new Map(rows.flatMap((row) => namesOf(row).map((name) => [name, row] as const)));
}

/** A command that goes on in the next line, as knockd never took it; a continuation may go on, too. */
function continuation(
  { key, line, column }: Directive,
  previous: Directive | undefined,
): Problem | undefined {
  const isOption = key.startsWith("-");
  if (previous === undefined || !(isOption || previous.value?.endsWith("\\"))) return undefined;
  const message = "a command is one line: this is not a directive";
  const hint = `write it at the end of line ${previous.line}`;
  return { severity: "error", line, column, message, hint };
}

/** No more of it is quoted than can be a name: a line without `=` may hold a whole sequence, and is logged. */
function unknownKey({ key: written, line, column }: Directive, maySuggest: boolean): Problem {
  const [name = ""] = /^[a-z_]\w*/i.exec(written) ?? [];
  const quoted = name === "" || name === written ? name : `${name} …`;
  const message = `syntax error: unknown directive${quoted && ` "${quoted}"`}`;
  if (written.startsWith(";")) {
    return {
      severity: "error",
      line,
      column,
      message,
      hint: "comments begin with #",
    };
  }
  const isKnown = quoted !== name && placeOf(name) !== undefined;
  const hint =
    placeOf(written) ?? (isKnown ? `${name} = …` : maySuggest ? suggest(written) : undefined);
  return { severity: "error", line, column, message, ...(hint && { hint }) };
}

function placeOf(key: string): string | undefined {
  const lower = key.toLowerCase();
  if (optionVocabulary.has(lower)) return "it belongs in the section [options]";
  return doorVocabulary.has(lower) ? "it belongs in the section of a door" : undefined;
}

function suggest(key: string): string | undefined {
  const names = [...optionVocabulary.keys(), ...doorVocabulary.keys()];
  const near = nearest(key.toLowerCase(), names);
  const { name, aliases = [] } =
    optionVocabulary.get(near ?? "") ?? doorVocabulary.get(near ?? "") ?? {};
  const asDocumented = [name, ...aliases].find((one) => one?.toLowerCase() === near);
  return asDocumented && `did you mean "${asDocumented}"?`;
}

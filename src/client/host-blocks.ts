import { KnockError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Keyword, ReadContext } from "./keywords.ts";
import { findKeyword, keywords } from "./keywords.ts";
import { isExact, matches } from "./pattern.ts";
import type { KnockProfile, NamedSettings, Settings } from "./profile.ts";
import { overlay, toProfile } from "./profile.ts";
import { hideKeys } from "./secret-text.ts";
import { splitWords } from "./words.ts";

/** A line of knock.conf. */
interface ProfileDirective {
  readonly keyword: Keyword;
  readonly settings: Settings;
  readonly line: number;
}

/** A `Host` line, and the lines up to the next one. */
export interface HostBlock {
  readonly patterns: readonly string[];
  /** Counted from 1; 0 for the lines before the first `Host`, which apply to all hosts. */
  readonly line: number;
  readonly directives: readonly ProfileDirective[];
}

/** Reads a knock.conf. Throws `CONFIG` with all problems, one a line: `FILE:LINE: message`. */
export function readHostBlocks(text: string, file: string, context: ReadContext): HostBlock[] {
  const problems: string[] = [];
  const blocks: (HostBlock & { directives: ProfileDirective[] })[] = [
    { patterns: ["*"], line: 0, directives: [] },
  ];
  text
    .replace(/^\ufeff/, "")
    .split("\n")
    .forEach((raw, i) => {
      const line = i + 1;
      try {
        const { key, words } = readLine(raw);
        if (key === "") return;
        if (key.toLowerCase() === "host") {
          blocks.push({ patterns: readPatterns(words), line, directives: [] });
        } else {
          const keyword = findKeyword(key);
          if (keyword === undefined) throw unknownKeyword(key);
          const settings = keyword.read(words, context);
          blocks.at(-1)?.directives.push({ keyword, settings, line });
        }
      } catch (error) {
        if (!(error instanceof KnockError)) throw error;
        const hints = error.hints.map((hint) => ` (${hint})`).join("");
        problems.push(`${file}:${line}: ${hideKeys(error.message)}${hints}`);
      }
    });
  if (problems.length > 0) throw new KnockError("CONFIG", problems.join("\n"));
  return blocks;
}

/** Returns the profile of a name, or `undefined` if it has neither a sequence nor a key, or a part is missing. */
export function findProfile(name: string, blocks: readonly HostBlock[]): KnockProfile | undefined {
  return toProfile(findSettings(name, blocks));
}

/** Returns the settings of a name: the first block that sets a keyword wins, as in ssh_config(5). */
export function findSettings(name: string, blocks: readonly HostBlock[]): NamedSettings {
  const said = blocks
    .filter(({ patterns }) => matches(patterns, name))
    .flatMap(({ directives }) => directives);
  const settings = said.reduce<Settings>((upper, lower) => overlay(upper, lower.settings), {});
  const { host = name } = settings;
  return { ...settings, name, host: host.replaceAll("%h", name) };
}

/** Returns whether a `Host` line has exactly this name. */
export function hasName(name: string, blocks: readonly HostBlock[]): boolean {
  return namesIn(blocks).some((one) => one.toLowerCase() === name.toLowerCase());
}

/** Returns whether any block has a key. */
export function hasKey(blocks: readonly HostBlock[]): boolean {
  return blocks.some(({ directives }) =>
    directives.some(({ settings }) => settings.key !== undefined),
  );
}

/** Returns the names in `Host` lines, without patterns, in order. */
export function namesIn(blocks: readonly HostBlock[]): string[] {
  return [...new Set(blocks.flatMap(({ patterns }) => patterns.filter(isExact)))];
}

/** Reads `Key value`, `Key = value` or `Key=value`. The key of an empty line or a comment is empty. */
function readLine(raw: string): { readonly key: string; readonly words: readonly string[] } {
  const [, key = "", value = ""] = /^\s*([^\s=#]*)\s*=?(.*)$/s.exec(raw.trimEnd()) ?? [];
  return { key, words: key === "" ? [] : splitWords(value) };
}

function unknownKeyword(key: string): KnockError {
  const names = ["Host", ...keywords.map(({ name }) => name)];
  const near = nearest(
    key.toLowerCase(),
    names.map((name) => name.toLowerCase()),
  );
  const meant = names.find((name) => name.toLowerCase() === near);
  const hints = meant === undefined ? [] : [`did you mean ${meant}?`];
  return new KnockError("USAGE", `unknown keyword '${key}'`, { hints });
}

function readPatterns(words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new KnockError("USAGE", "a name is missing");
  return words;
}

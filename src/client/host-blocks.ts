import { KnockError } from "../base/errors.ts";
import type { Keyword, Surroundings } from "./keywords.ts";
import { findKeyword } from "./keywords.ts";
import { isExact, matches } from "./pattern.ts";
import type { KnockProfile, Settings } from "./profile.ts";
import { overlay } from "./profile.ts";
import { splitWords } from "./words.ts";

/** What a line of knock.conf says. */
interface ProfileDirective {
  readonly keyword: Keyword;
  readonly settings: Settings;
  readonly line: number;
}

/** A `Host` line, and what follows until the next. */
export interface HostBlock {
  readonly patterns: readonly string[];
  /** Counted from 1; 0 for what stands before the first `Host`, and is for all of them. */
  readonly line: number;
  readonly directives: readonly ProfileDirective[];
}

/** Reads a knock.conf. Throws `CONFIG` with all its problems, one a line: `FILE:LINE: message`. */
export function readHostBlocks(text: string, file: string, around: Surroundings): HostBlock[] {
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
          if (keyword === undefined) throw new KnockError("USAGE", `unknown keyword '${key}'`);
          const settings = keyword.read(words, around);
          blocks.at(-1)?.directives.push({ keyword, settings, line });
        }
      } catch (error) {
        if (!(error instanceof KnockError)) throw error;
        problems.push(
          ...[error.message, ...error.hints].map((words) => `${file}:${line}: ${words}`),
        );
      }
    });
  if (problems.length > 0) throw new KnockError("CONFIG", problems.join("\n"));
  return blocks;
}

/**
 * All that the blocks say of this name: the first one that sets a keyword counts, as in
 * ssh_config(5). Undefined if it has no sequence: then there is nothing to send.
 */
export function findProfile(name: string, blocks: readonly HostBlock[]): KnockProfile | undefined {
  const said = blocks
    .filter(({ patterns }) => matches(patterns, name))
    .flatMap(({ directives }) => directives);
  const settings = said.reduce<Settings>((upper, lower) => overlay(upper, lower.settings), {});
  const { steps, host = name } = settings;
  return steps && { ...settings, name, host: host.replaceAll("%h", name), steps };
}

/** Whether there is a `Host` line for this very name. */
export function hasName(name: string, blocks: readonly HostBlock[]): boolean {
  return namesIn(blocks).some((one) => one.toLowerCase() === name.toLowerCase());
}

/** The names that stand in `Host` lines, without patterns, in order. */
export function namesIn(blocks: readonly HostBlock[]): string[] {
  return [...new Set(blocks.flatMap(({ patterns }) => patterns.filter(isExact)))];
}

/** `Key value`, `Key = value` and `Key=value`; an empty key for an empty line or a comment. */
function readLine(raw: string): { readonly key: string; readonly words: readonly string[] } {
  const [, key = "", value = ""] = /^\s*([^\s=#]*)\s*=?(.*)$/s.exec(raw.trimEnd()) ?? [];
  return { key, words: key === "" ? [] : splitWords(value) };
}

function readPatterns(words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new KnockError("USAGE", "a name is missing");
  return words;
}

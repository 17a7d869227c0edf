import { isDeepStrictEqual } from "node:util";
import { KnockError } from "../base/errors.ts";
import type { HostBlock } from "./host-blocks.ts";
import { findProfile, readHostBlocks } from "./host-blocks.ts";
import type { ReadContext } from "./keywords.ts";
import { formatSettings, keywords } from "./keywords.ts";
import { isExact, matches } from "./pattern.ts";
import type { KnockProfile } from "./profile.ts";

/** The text of a knock.conf, and its path. */
export interface EditedFile {
  readonly file: string;
  readonly text: string;
  readonly context: ReadContext;
}

/** Returns the lines of a profile: `Host NAME`, and its settings, indented. */
export function formatProfile(profile: KnockProfile): string[] {
  return [`Host ${profile.name}`, ...formatSettings(profile).map((line) => `    ${line}`)];
}

/**
 * Returns the text with this profile, before patterns that match its name, since the first value wins. The
 * rest stays unchanged. With `force` it replaces a profile of the same name, except its comments. Throws `USAGE`
 * if the name is invalid, `CONFIG` if the text has problems or overrides the profile.
 */
export function putProfile(
  { file, text, context }: EditedFile,
  profile: KnockProfile,
  force: boolean,
): string {
  checkName(profile.name);
  const blocks = readHostBlocks(text, file, context);
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const [old, second] = blocks.filter(({ patterns }) => names(patterns, profile.name));
  if (old !== undefined && !force) {
    throw new KnockError("CONFIG", `${file}:${old.line}: there is a profile '${profile.name}'`, {
      hints: ["--force replaces it"],
    });
  }
  if (old !== undefined && (second !== undefined || old.patterns.length > 1)) {
    const { line } = second ?? old;
    throw new KnockError(
      "CONFIG",
      `${file}:${line}: '${profile.name}' shares its Host line, or has several: edit the file`,
    );
  }
  const block = formatProfile(profile);
  if (old !== undefined) replace(lines, old, blocks, block);
  else insert(lines, blocks, profile.name, block);
  const result = `${lines.join("\n")}\n`;
  expectSaved(file, profile, findProfile(profile.name, readHostBlocks(result, file, context)));
  return result;
}

/** Throws `CONFIG` if earlier lines of the file override a setting of the profile. */
function expectSaved(file: string, profile: KnockProfile, found: KnockProfile | undefined): void {
  for (const { name, write } of keywords) {
    const wanted = write(profile);
    if (wanted === undefined || isDeepStrictEqual(found && write(found), wanted)) continue;
    const culprit =
      name === "BindAddress" || name === "BindInterface" ? "BindAddress or BindInterface" : name;
    throw new KnockError(
      "CONFIG",
      `${file}: '${profile.name}' would be overridden by lines further up`,
      { hints: [`look for ${culprit} before the first Host, or under a pattern`] },
    );
  }
}

/** Returns whether a profile can have this name. */
export function isProfileName(name: string): boolean {
  return /^[^\s"'#*?!,=-][^\s"'#*?!,=]*$/.test(name);
}

function checkName(name: string): void {
  if (isProfileName(name)) return;
  throw new KnockError("USAGE", `'${name}' cannot be the name of a profile`, {
    hints: ["a word without * ? ! # , = and quotes"],
  });
}

function names(patterns: readonly string[], name: string): boolean {
  return patterns.some((one) => isExact(one) && one.toLowerCase() === name.toLowerCase());
}

function insert(
  lines: string[],
  blocks: readonly HostBlock[],
  name: string,
  block: readonly string[],
): void {
  const pattern = blocks.find((one) => one.line > 0 && matches(one.patterns, name));
  if (pattern !== undefined) {
    lines.splice(beginOf(lines, pattern.line - 1), 0, ...block, "");
  } else {
    const blank = lines.length === 0 || lines.at(-1)?.trim() === "";
    lines.push(...(blank ? [] : [""]), ...block);
  }
}

function replace(
  lines: string[],
  old: HostBlock,
  blocks: readonly HostBlock[],
  block: readonly string[],
): void {
  const next = blocks.find(({ line }) => line > old.line);
  const end = next === undefined ? lines.length : beginOf(lines, next.line - 1);
  const kept = lines.slice(old.line, end).filter((line) => /^\s*(?:#|$)/.test(line));
  lines.splice(old.line - 1, end - old.line + 1, ...block, ...kept);
}

/** Returns where the comment above a `Host` line begins. */
function beginOf(lines: readonly string[], index: number): number {
  let begin = index;
  while (begin > 0 && lines[begin - 1]?.trimStart().startsWith("#")) begin--;
  return begin;
}

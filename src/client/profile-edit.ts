import { isDeepStrictEqual } from "node:util";
import { KnockError } from "../base/errors.ts";
import type { HostBlock } from "./host-blocks.ts";
import { findSettings, readHostBlocks } from "./host-blocks.ts";
import type { ReadContext } from "./keywords.ts";
import { formatSettings, keywords } from "./keywords.ts";
import { isExact, matches } from "./pattern.ts";
import type { NamedSettings, Settings } from "./profile.ts";

/** The text of a knock.conf, and its path. */
export interface EditedFile {
  readonly file: string;
  readonly text: string;
  readonly context: ReadContext;
}

/** The settings of a profile to write. Without a host the file has another line that names it, or lacks it for now. */
export interface WrittenProfile extends Settings {
  readonly name: string;
}

/** Returns the lines of a profile: `Host NAME`, and its settings, indented. */
export function formatProfile(profile: WrittenProfile): string[] {
  return [`Host ${profile.name}`, ...formatSettings(profile).map((line) => `    ${line}`)];
}

/**
 * Returns the text with this profile, before patterns that match its name, since the first value wins. The
 * rest stays unchanged. With `force` it replaces a profile of the same name, except its comments. Throws `USAGE`
 * if the name is invalid, `CONFIG` if the text has problems or overrides the profile.
 */
export function putProfile(
  { file, text, context }: EditedFile,
  profile: WrittenProfile,
  force: boolean,
): string {
  checkName(profile.name);
  const blocks = readHostBlocks(text, file, context);
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const named = blocks.find(({ patterns }) => names(patterns, profile.name));
  if (named !== undefined && !force) {
    throw new KnockError("CONFIG", `${file}:${named.line}: there is a profile '${profile.name}'`, {
      hints: ["--force replaces it"],
    });
  }
  const old = findBlock(profile.name, blocks, file);
  const block = formatProfile(profile);
  if (old !== undefined) replace(lines, old, blocks, block);
  else insert(lines, blocks, profile.name, block);
  const result = `${lines.join("\n")}\n`;
  expectSaved(file, profile, findSettings(profile.name, readHostBlocks(result, file, context)));
  return result;
}

/** Returns the only block of a name. Throws `CONFIG` if it has several, or shares its `Host` line. */
export function findBlock(
  name: string,
  blocks: readonly HostBlock[],
  file: string,
): HostBlock | undefined {
  const [block, second] = blocks.filter(({ patterns }) => names(patterns, name));
  if (block === undefined || (second === undefined && block.patterns.length === 1)) return block;
  const { line } = second ?? block;
  throw new KnockError(
    "CONFIG",
    `${file}:${line}: '${name}' shares its Host line, or has several: edit the file`,
  );
}

/** Throws `CONFIG` if earlier lines of the file override a setting of the profile. */
export function expectSaved(file: string, profile: WrittenProfile, found: NamedSettings): void {
  for (const { name, write } of keywords) {
    const wanted = write(profile);
    if (wanted === undefined || isDeepStrictEqual(write(found), wanted)) continue;
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

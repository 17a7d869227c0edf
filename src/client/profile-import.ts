import { isDeepStrictEqual } from "node:util";
import { KnockError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import type { HostBlock } from "./host-blocks.ts";
import { findSettings, readHostBlocks } from "./host-blocks.ts";
import { formatSettings, keywords } from "./keywords.ts";
import type { NamedSettings, Settings } from "./profile.ts";
import { isKeyProfile, isRequested } from "./profile.ts";
import type { EditedFile, WrittenProfile } from "./profile-edit.ts";
import { expectSaved, findBlock, putProfile } from "./profile-edit.ts";
import type { SecretText } from "./secret-text.ts";

/** A profile as an administrator hands it out. Without a key it answers a request of this device. */
export interface ImportedProfile extends WrittenProfile {
  readonly host: string;
  readonly knockPort: number;
  readonly doors: readonly string[];
}

/**
 * Returns the text with an imported profile. In a profile of the same name and host it sets what was imported, and
 * leaves the other lines as they are; a line with the profile's key adds its doors. `force` also replaces another key,
 * a profile of another host, the doors of the same key, and what a line without a key would change in a complete
 * profile. Throws `CONFIG` if one of these differs without `force`, or if a profile without a key has no request.
 */
export function importProfile(edited: EditedFile, wanted: ImportedProfile, force: boolean): string {
  const { file, text, context } = edited;
  const { name, key, host } = wanted;
  const blocks = readHostBlocks(text, file, context);
  const block = findBlock(name, blocks, file);
  const known = findSettings(name, blocks);
  if (key === undefined && (block === undefined || known.key === undefined)) {
    throw new KnockError("CONFIG", `${file}: '${name}' has no request, and the line has no key`, {
      hints: ["knock --import --name NAME completes knock --request NAME"],
    });
  }
  if (block === undefined) return putProfile(edited, wanted, false);
  const isWaiting = isRequestAlone(known, block);
  const isOtherHost = !isWaiting && known.host.toLowerCase() !== host.toLowerCase();
  const conflict = isOtherHost
    ? `there is a profile '${name}' of another host, ${known.host}`
    : (findOtherKey(known, wanted) ?? findOtherDoors(known, wanted));
  if (conflict !== undefined && !force) {
    throw new KnockError("CONFIG", `${file}:${block.line}: ${conflict}`, {
      hints: ["--force replaces it, --name NAME imports the line beside it"],
    });
  }
  if (isOtherHost) return putProfile(edited, { ...keyOf(known), ...wanted }, true);
  // What the user wrote about the same host and its service stays.
  return setLines(edited, block, {
    name,
    knockPort: wanted.knockPort,
    doors: force ? wanted.doors : mergeDoors(known, wanted),
    ...keyOf(wanted),
    ...(isWaiting && { host }),
    ...(known.wait === undefined && wanted.wait !== undefined && { wait: wanted.wait }),
  });
}

/** Returns whether a block only holds a key that waits for an answer: then no line names its host yet. */
function isRequestAlone(known: NamedSettings, { directives }: HostBlock): boolean {
  const namesHost = directives.some(({ settings }) => settings.host !== undefined);
  return isRequested(known) && known.steps === undefined && !namesHost;
}

function keyOf({ key }: Settings): { readonly key?: SecretText } {
  return key === undefined ? {} : { key };
}

function findOtherKey(known: NamedSettings, { name, key }: ImportedProfile): string | undefined {
  if (key === undefined || known.key === undefined) return undefined;
  if (key.reveal() === known.key.reveal()) return undefined;
  return `the profile '${name}' has ${isRequested(known) ? "a request, with " : ""}another key`;
}

/** A line without a key completes a request. It proves nothing about a profile that is complete. */
function findOtherDoors(known: NamedSettings, wanted: ImportedProfile): string | undefined {
  if (wanted.key !== undefined || !isKeyProfile(known)) return undefined;
  const isSame =
    known.knockPort === wanted.knockPort &&
    wanted.doors.every((door) => known.doors.includes(door));
  if (isSame) return undefined;
  const doors = known.doors.map((door) => `'${printable(door)}'`).join(", ");
  return `the profile '${known.name}' opens ${doors} by port ${known.knockPort}`;
}

/** Returns the doors that the key of the profile opens after the import. */
function mergeDoors(known: NamedSettings, { key, doors }: ImportedProfile): readonly string[] {
  const isOtherKey = key !== undefined && key.reveal() !== known.key?.reveal();
  return isOtherKey ? doors : [...new Set([...(known.doors ?? []), ...doors])];
}

/**
 * Returns the text with a new profile that has a key alone: a request. Into a profile that knocks by a sequence it
 * puts the key. `force` replaces a key. Throws `CONFIG` if there is a key without `force`.
 */
export function requestProfile(
  edited: EditedFile,
  wanted: WrittenProfile & { readonly key: SecretText },
  force: boolean,
): string {
  const { file, text, context } = edited;
  const blocks = readHostBlocks(text, file, context);
  const block = findBlock(wanted.name, blocks, file);
  if (block === undefined) return putProfile(edited, wanted, false);
  if (findSettings(wanted.name, blocks).key !== undefined && !force) {
    const hints = [
      "--force replaces it: the server must take the new one first",
      "or choose another name",
    ];
    throw new KnockError("CONFIG", `${file}:${block.line}: '${wanted.name}' has a key`, { hints });
  }
  return setLines(edited, block, wanted);
}

/** Returns the text with these settings in a block. A line that says the same stays, as do all other lines. */
function setLines(
  { file, text, context }: EditedFile,
  block: HostBlock,
  wanted: WrittenProfile,
): string {
  const lines: (string | undefined)[] = text.split("\n");
  const lineEnd = lines[block.line - 1]?.endsWith("\r") ? "\r" : "";
  const added: string[] = [];
  for (const { name, write } of keywords) {
    const words = write(wanted);
    if (words === undefined) continue;
    const [first, ...later] = block.directives.filter(({ keyword }) => keyword.name === name);
    if (first !== undefined && isDeepStrictEqual(write(first.settings), words)) continue;
    const [written = ""] = formatSettings(wanted).filter((line) => line.startsWith(`${name} `));
    if (first === undefined) added.push(`    ${written}${lineEnd}`);
    else lines[first.line - 1] = `${indentOf(lines[first.line - 1])}${written}${lineEnd}`;
    // What is overridden would be a secret that nothing uses.
    for (const { line } of later) lines[line - 1] = undefined;
  }
  const last = Math.max(block.line, ...block.directives.map(({ line }) => line));
  lines.splice(last, 0, ...added);
  const result = lines.filter((line) => line !== undefined).join("\n");
  expectSaved(file, wanted, findSettings(wanted.name, readHostBlocks(result, file, context)));
  return result;
}

function indentOf(line: string | undefined): string {
  return /^\s*/.exec(line ?? "")?.[0] ?? "";
}

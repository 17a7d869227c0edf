// Another sequence for a door of an existing file.
import type { Sequence } from "../../base/sequence.ts";
import type { WallTime } from "../../base/time.ts";
import { isNameOf } from "../directive.ts";
import { doorDirectives, sequences } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import { readSections } from "../lines.ts";
import { formatDirective } from "./alignment.ts";

export interface Rotation {
  /** The only section of this name, which has a Sequence. */
  readonly door: string;
  /** TCP steps. */
  readonly sequence: Sequence;
  /** The door that keeps the old sequence, and when it ends; `undefined` if the old sequence ends at once. */
  readonly old: OldDoor | undefined;
}

export interface OldDoor {
  readonly name: string;
  readonly until: WallTime;
}

/** The lines that take the place of a line, by its index. */
type Replacements = Map<number, readonly string[]>;

/**
 * Returns the text with another sequence for a door, and behind the door a copy with the old one that ends.
 * The doors that earlier rotations left are removed, also those that are still valid. Everything else stays as it
 * is, to the byte. Pure.
 */
export function rotate(text: string, { door, sequence, old }: Rotation): string {
  const sections = readSections(text.replace(/^\uFEFF/, ""), []);
  const lines = text.split("\n");
  const replacements: Replacements = new Map();
  for (const section of sections) {
    if (isOldName(section.name, door) && ends(section)) remove(section, lines, replacements);
  }
  const section = sections.find(({ name }) => name === door);
  const steps = section?.directives.findLast(({ key }) => isNameOf(key, sequences.steps));
  if (section === undefined || steps === undefined) throw new Error(`no sequence: ${door}`);
  const ports = sequence.map(({ number }) => number).join(",");
  const raw = lines[steps.line - 1] ?? "";
  const value = /^[^#\r]*[^#\s]/.exec(raw.slice(steps.valueColumn - 1))?.[0] ?? "";
  const start = raw.slice(0, steps.valueColumn - 1);
  const changed = `${start}${ports}${raw.slice(start.length + value.length)}`;
  replacements.set(steps.line - 1, [changed]);
  if (old !== undefined) {
    const last = lastLine(section);
    const own = replacements.get(last) ?? [lines[last] ?? ""];
    replacements.set(last, [...own, ...copy(section, lines, old)]);
  }
  return lines.flatMap((line, i) => replacements.get(i) ?? [line]).join("\n");
}

/** Returns a name for the door that keeps an old sequence: `ssh-old`, `ssh-old-2`. */
export function oldName(door: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? `${door}-old` : `${door}-old-${i}`;
    if (!taken.includes(name)) return name;
  }
}

function isOldName(name: string, door: string): boolean {
  return name.startsWith(`${door}-old`) && /^(?:-\d+)?$/.test(name.slice(`${door}-old`.length));
}

/** Returns whether a door ends by itself, as all that a rotation leaves do. */
function ends({ directives }: ConfigSection): boolean {
  return directives.some(({ key }) => isNameOf(key, doorDirectives.until));
}

/** Removes a section and the empty line before it; comments before the next section stay. */
function remove(section: ConfigSection, lines: readonly string[], to: Replacements): void {
  const first = section.line - 1;
  const before = lines[first - 1]?.trim() === "" ? first - 1 : first;
  for (let i = before; i <= lastLine(section); i++) to.set(i, []);
}

/** The directives of a section under the name of the old door, with its end. */
function copy(
  section: ConfigSection,
  lines: readonly string[],
  { name, until }: OldDoor,
): string[] {
  // Its keys open the door that has the new sequence.
  const left = [doorDirectives.until, doorDirectives.users, doorDirectives.longest];
  const kept = section.directives.filter(({ key }) => !left.some((row) => isNameOf(key, row)));
  const raws = kept.map(({ line }) => lines[line - 1] ?? "");
  const end = lines[section.line - 1]?.endsWith("\r") ? "\r" : "";
  const date = new Date(until).toISOString().replace(/\.\d+Z$/, "Z");
  return [
    end,
    `[${name}]${end}`,
    ...raws.map((raw) => `${raw.replace(/\r$/, "")}${end}`),
    `${formatDirective(lines, { directives: kept }, "until", date)}${end}`,
  ];
}

function lastLine({ line, directives }: ConfigSection): number {
  return Math.max(line, ...directives.map((one) => one.line)) - 1;
}

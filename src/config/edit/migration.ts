// From knockd's way to ours: what differs for one file, and what could be written in it instead.
import type { Service } from "../../base/service.ts";
import { formatService, formatServices } from "../../base/service.ts";
import type { AnyRow } from "../directive.ts";
import { isNameOf } from "../directive.ts";
import {
  commandDirectives,
  doorDirectives,
  nativeDirectives,
  options as optionRows,
} from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import { readSections } from "../lines.ts";
import type { IptablesRule } from "./iptables.ts";
import { readIptables } from "./iptables.ts";
import type { Note } from "./repair.ts";
import { repair } from "./repair.ts";

export interface MigrationOptions {
  /** Write native doors for the iptables commands that are known. */
  readonly native: boolean;
  /** Write - and " for what a word processor made of them. */
  readonly repair: boolean;
  /** How long a door that a second sequence closed stays open from now on: as the file would write it. */
  readonly openFor: string;
}

export interface Migration {
  /** The file as it would be. */
  readonly text: string;
  /** What was rewritten, and what was not and why. */
  readonly changes: readonly Note[];
  /** What Sesame does differently with this file, whether it is rewritten or not. */
  readonly differences: readonly Note[];
}

/** The lines that take the place of one; none: it goes. */
type Edits = Map<number, readonly string[]>;

const startRows = [commandDirectives.start, commandDirectives.start6];
const stopRows = [commandDirectives.stop, commandDirectives.stop6];
const timeouts = [doorDirectives.timeout, commandDirectives.closeAfter, commandDirectives.timeout];

/** Reads a knockd.conf, which may have problems, and says how it would look. Pure. */
export function migrate(text: string, options: MigrationOptions): Migration {
  const repaired = repair(text);
  const source = options.repair ? repaired.text : text;
  const sections = readSections(source.replace(/^\uFEFF/, ""), []);
  const doors = sections.filter(({ name }) => name.toLowerCase() !== "options");
  const edits: Edits = new Map();
  const conversions = options.native ? convert(doors, options.openFor, edits) : [];
  const repairs = options.repair ? repaired.notes : [];
  return {
    text: apply(source, edits),
    changes: [...repairs, ...conversions].sort((a, b) => a.line - b.line),
    differences: differences(sections, doors),
  };
}

/** A door whose commands are known, and where they stand. */
interface Recognized {
  readonly section: ConfigSection;
  readonly start: Directive;
  readonly opens: readonly Service[];
  readonly closes: readonly Service[];
  /** Its stop commands close what its start commands open. */
  readonly closesItself: boolean;
}

function convert(doors: readonly ConfigSection[], openFor: string, edits: Edits): Note[] {
  const known = doors.map(recognize);
  const closers = known.flatMap((door) => (door?.opens.length === 0 ? door : []));
  const native: Recognized[] = [];
  const staying: ConfigSection[] = [];
  const notes: Note[] = [];
  doors.forEach((section, i) => {
    const door = known[i];
    const { name, line } = section;
    if (door === undefined) {
      const commands = section.directives.filter(isCommand).length;
      const text = `[${name}] stays as it is: its commands are not among those that are known`;
      if (commands > 0) notes.push({ line, text });
      staying.push(section);
      return;
    }
    if (door.opens.length === 0) return;
    if (!door.closesItself && !closers.some((other) => same(other.closes, door.opens))) {
      const text = `[${name}] stays as it is: nothing in this file closes it again`;
      notes.push({ line, text });
      staying.push(section);
      return;
    }
    rewrite(door, openFor, edits);
    native.push(door);
    const services = formatServices(door.opens);
    notes.push({ line, text: `[${name}] opens ${services} in the kernel, which closes by itself` });
  });
  return [...notes, ...closers.flatMap((one) => retire(one, native, staying, openFor, edits))];
}

/** Removes a door that only closed what native doors close, unless another one may need it. */
function retire(
  { section, closes }: Recognized,
  native: readonly Recognized[],
  staying: readonly ConfigSection[],
  openFor: string,
  edits: Edits,
): Note[] {
  const twins = native.filter((door) => !door.closesItself && same(door.opens, closes));
  if (twins.length === 0) return [];
  const { name, line } = section;
  const other = staying.find((one) => mayOpen(one, closes));
  if (other !== undefined) {
    return [{ line, text: `[${name}] stays as it is: [${other.name}] may need it to be closed` }];
  }
  for (const at of linesOf(section)) edits.set(at, []);
  const names = twins.map((door) => `[${door.section.name}]`).join(", ");
  const verb = twins.length === 1 ? "closes" : "close";
  const text = `[${name}] is gone: ${names} ${verb} after ${openFor}; knockctl close does it sooner`;
  return [{ line, text }];
}

/** Whether a command speaks of one of these services: what it does with it may not be known. */
function mayOpen({ directives }: ConfigSection, services: readonly Service[]): boolean {
  return directives.some(
    (directive) =>
      isCommand(directive) &&
      services.some((one) => {
        const word = one.protocol === "icmp" ? "icmp" : `${one.port}\\b`;
        return new RegExp(`\\b${word}`, "i").test(directive.value ?? "");
      }),
  );
}

function recognize(section: ConfigSection): Recognized | undefined {
  const of = (...rows: readonly AnyRow[]) =>
    section.directives.filter(({ key }) => isNameOf(key, ...rows));
  const starts = of(...startRows);
  const stops = of(...stopRows);
  const [start] = starts;
  // What only one of the families gets, or another user runs, is not the same in the kernel.
  if (start === undefined || of(nativeDirectives.services, commandDirectives.user).length > 0)
    return undefined;
  if (isNameOf(start.key, commandDirectives.start6)) return undefined;
  const started = rulesOf(starts);
  const stopped = rulesOf(stops);
  if (started === undefined || stopped === undefined) return undefined;
  const opens = services(started, "open");
  const closes = services(started, "close");
  if (opens.length > 0 && closes.length > 0) return undefined;
  const undone = services(stopped, "close");
  if (stops.length > 0 && !same(opens, undone)) return undefined;
  return { section, start, opens, closes, closesItself: stops.length > 0 };
}

function rulesOf(commands: readonly Directive[]): readonly IptablesRule[] | undefined {
  const read = commands.map(({ value = "" }) => readIptables(value));
  return read.some((rules) => rules === undefined)
    ? undefined
    : read.flatMap((rules) => rules ?? []);
}

/** Each once: the same service is often opened for IPv4 and IPv6 by two commands. */
function services(rules: readonly IptablesRule[], verb: IptablesRule["verb"]): readonly Service[] {
  const found = new Map<string, Service>();
  for (const rule of rules) {
    if (rule.verb === verb) found.set(formatService(rule.service), rule.service);
  }
  return [...found.values()];
}

function same(a: readonly Service[], b: readonly Service[]): boolean {
  const text = (some: readonly Service[]) => some.map(formatService).sort().join();
  return text(a) === text(b);
}

function rewrite(
  { section, start, opens, closesItself }: Recognized,
  openFor: string,
  edits: Edits,
) {
  const timeout = section.directives.find(({ key }) => isNameOf(key, commandDirectives.closeAfter));
  const length = closesItself ? (timeout?.value ?? "10") : openFor;

  for (const directive of section.directives) {
    if (isCommand(directive) || directive === timeout) edits.set(directive.line, []);
  }
  edits.set(start.line, [`open     = ${formatServices(opens)}`, `open_for = ${length}`]);
}

function isCommand({ key }: Directive): boolean {
  return isNameOf(key, ...startRows, ...stopRows);
}

function linesOf({ line, directives }: ConfigSection): readonly number[] {
  return [line, ...directives.map((directive) => directive.line)];
}

function apply(text: string, edits: Edits): string {
  return text
    .split("\n")
    .flatMap((line, i) => {
      const [indent = ""] = /^\s*/.exec(line) ?? [];
      const end = line.endsWith("\r") ? "\r" : "";
      return edits.get(i + 1)?.map((text) => `${indent}${text}${end}`) ?? [line];
    })
    .join("\n");
}

function differences(sections: readonly ConfigSection[], doors: readonly ConfigSection[]): Note[] {
  const has = ({ directives }: ConfigSection, ...rows: readonly AnyRow[]) =>
    directives.some(({ key }) => isNameOf(key, ...rows));
  const options = sections.filter((section) => !doors.includes(section));
  const notes: Note[] = [];
  if (!options.some((section) => has(section, optionRows.interfaces))) {
    const line = options[0]?.line ?? 1;
    const text =
      "knockd listened on eth0, Sesame listens on all interfaces; Interface = eth0 keeps it so";
    notes.push({ line, text });
  }
  for (const section of doors) {
    const { name, line } = section;
    if (has(section, ...startRows) && has(section, ...stopRows)) {
      const text = `[${name}]: a knock while it is open makes it stay open longer, and it is closed once; knockd ran both commands again`;
      notes.push({ line, text });
    }
    for (const { key, value = "", line: at } of section.directives) {
      if (!isNameOf(key, ...timeouts) || !/^\d+\s*[a-z]/i.test(value)) continue;
      const text = `${key} = ${value}: the unit counts now; knockd read the number alone, as seconds`;
      notes.push({ line: at, text });
    }
  }
  return notes;
}

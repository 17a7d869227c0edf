// From commands to native doors: what could be written in a file instead.
import { formatNetwork } from "../../base/address.ts";
import type { DoorService } from "../../base/service.ts";
import { formatServices, isForwarded, isRouted } from "../../base/service.ts";
import { readFirewallCommand } from "../commands/firewall-command.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import { readSections } from "../lines.ts";
import { differences } from "./differences.ts";
import type { Recognized } from "./recognized.ts";
import { isCommand, recognize, same, unknown } from "./recognized.ts";
import type { Note, Repair } from "./repair.ts";
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
  /** What `repair` would fix. */
  readonly repairs: readonly Note[];
  /** What Sesame does differently with this file, whether it is rewritten or not. */
  readonly differences: readonly Note[];
}

/** The lines that take the place of one; none: it goes. */
type Edits = Map<number, readonly string[]>;

interface EditedLines {
  readonly lines: readonly string[];
  readonly edits: Edits;
}

/** Reads a knockd.conf, which may have problems, and says how it would look. Pure. */
export function migrate(text: string, options: MigrationOptions): Migration {
  const repaired = repair(text);
  const source = options.repair ? repaired.text : text;
  const sections = readSections(source.replace(/^\uFEFF/, ""), []);
  const doors = sections.filter(({ name }) => name.toLowerCase() !== "options");
  const edits: Edits = new Map();
  const file = { lines: source.split("\n"), edits };
  const conversions = options.native ? convert(doors, options.openFor, file) : [];
  const done = options.repair
    ? repaired.repairs.map(({ line, name }) => ({ line, text: `repaired ${name}` }))
    : [];
  return {
    text: apply(source, edits),
    changes: [...done, ...conversions].sort((a, b) => a.line - b.line),
    repairs: options.repair ? [] : repaired.repairs.map(describeRepair),
    differences: differences(sections, doors),
  };
}

function describeRepair({ line, name, found, meant }: Repair): Note {
  const instead = meant === "" ? "is to be deleted" : `should be ${meant}`;
  return { line, text: `${name}: ${found} ${instead}; --repair fixes it` };
}

function convert(doors: readonly ConfigSection[], openFor: string, file: EditedLines): Note[] {
  const read = doors.map(recognize);
  const closers = read.flatMap((door) =>
    "section" in door && door.opens.length === 0 ? door : [],
  );
  const native: Recognized[] = [];
  const staying: ConfigSection[] = [];
  const notes: Note[] = [];
  doors.forEach((section, i) => {
    const door = read[i] ?? unknown;
    const { name, line } = section;
    const stay = (reason: string) => {
      if (section.directives.some(isCommand)) {
        notes.push({ line, text: `[${name}] stays as it is: ${reason}` });
      }
      staying.push(section);
    };
    if ("unfit" in door) {
      stay(door.unfit);
      return;
    }
    if (door.opens.length === 0) return;
    if (!door.closesItself && !closers.some((other) => same(other.closes, door.opens))) {
      stay("nothing in this file closes it again");
      return;
    }
    rewrite(door, openFor, file);
    native.push(door);
    notes.push({ line, text: describe(door) });
  });
  return [...notes, ...closers.flatMap((one) => retire(one, native, staying, openFor, file))];
}

function describe({ section, opens, tool }: Recognized): string {
  const isBehind = opens.some((one) => isRouted(one) || isForwarded(one));
  const what = `[${section.name}] opens ${formatServices(opens)} in the kernel, which closes by itself`;
  if (isBehind) {
    return `${what}; your rules must let it pass the chain FORWARD then: first protect it, then allow it there`;
  }
  if (tool !== "ufw" && tool !== "firewall-cmd") return what;
  const services = formatServices(opens);
  return `${what}; ${tool === "ufw" ? tool : "firewalld"} must let ${services} pass then: first protect it (knockctl guard), then allow it there`;
}

/** Removes a door that only closed what native doors close, unless another one may need it. */
function retire(
  { section, closes }: Recognized,
  native: readonly Recognized[],
  staying: readonly ConfigSection[],
  openFor: string,
  { edits, lines }: EditedLines,
): Note[] {
  const twins = native.filter((door) => !door.closesItself && same(door.opens, closes));
  if (twins.length === 0) return [];
  const { name, line } = section;
  const other = staying.find((one) => mayOpen(one, closes));
  if (other !== undefined) {
    return [{ line, text: `[${name}] stays as it is: [${other.name}] may need it to be closed` }];
  }
  for (const at of linesOf(section)) edits.set(at, []);
  for (let at = line - 1; at > 0 && lines[at - 1]?.trim() === ""; at--) edits.set(at, []);
  const names = twins.map((door) => `[${door.section.name}]`).join(", ");
  const verb = twins.length === 1 ? "closes" : "close";
  const text = `[${name}] is gone: ${names} ${verb} after ${openFor}; knockctl close does it sooner`;
  return [{ line, text }];
}

/** Whether a command speaks of one of these services, or of all: what it does with it may not be known. */
function mayOpen({ directives }: ConfigSection, services: readonly DoorService[]): boolean {
  return directives.filter(isCommand).some(({ value = "" }) => {
    if (opensAll(value)) return true;
    return services.some((one) => {
      const word = "port" in one ? `${one.port}\\b` : one.protocol;
      return new RegExp(`\\b${word}`, "i").test(value);
    });
  });
}

function opensAll(command: string): boolean {
  const { changes } = readFirewallCommand(command);
  return changes.some(
    ({ opens }) => "services" in opens && opens.services.some(({ protocol }) => protocol === "any"),
  );
}

function rewrite(
  { section, start, opens, closesItself }: Recognized,
  openFor: string,
  { edits, lines }: EditedLines,
) {
  const timeout = section.directives.find(({ key }) => isNameOf(key, commandDirectives.closeAfter));
  const length = closesItself ? (timeout?.value ?? "10") : openFor;
  const isGone = (directive: Directive) => isCommand(directive) || directive === timeout;
  const kept = section.directives.find((directive) => !isGone(directive));
  // The values of the section's other directives stand below one another.
  const [, key = "", gap = " "] =
    /^\s*(\S+)([ \t]*)=/.exec(lines[(kept?.line ?? 0) - 1] ?? "") ?? [];
  const pad = (name: string) =>
    gap.includes("\t") ? `${name}${gap}` : name.padEnd(Math.max(key.length + gap.length, 9));
  for (const directive of section.directives) {
    if (isGone(directive)) edits.set(directive.line, []);
  }
  edits.set(start.line, [
    `${pad("open")}= ${formatServices(opens.map((one) => (isRouted(one) ? { protocol: one.protocol, port: one.port } : one)))}`,
    ...opens
      .filter(isRouted)
      .slice(0, 1)
      .map(({ hosts }) => `${pad("to")}= ${hosts.map(formatNetwork).join(", ")}`),
    `${pad("open_for")}= ${length}`,
  ]);
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

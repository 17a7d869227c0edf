// What a file says correctly and yet hardly means. Warnings only: every file of knockd 0.8 loads.
import type { BackendKind } from "../../base/backends.ts";
import { backends } from "../../base/backends.ts";
import { isLoopback } from "../../base/endpoint.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { DoorConfig } from "../config.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives, options } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import type { Problem } from "../problem.ts";
import { readValue } from "../section.ts";
import { hiddenTool } from "./lanes.ts";
import { findOverlaps } from "./overlaps.ts";

/** All traps of a file; `doors` belong to `doorSections`, one by one. */
export function findTraps(
  optionSections: readonly ConfigSection[],
  doorSections: readonly ConfigSection[],
  doors: readonly DoorConfig[],
  firewall: BackendKind,
): Problem[] {
  return [
    ...optionSections.flatMap(optionsInOtherCase),
    ...optionSections.flatMap(({ directives }) => directives.flatMap(openMetrics)),
    ...[...optionSections, ...doorSections].flatMap(({ directives }) => directives.flatMap(dashes)),
    ...doorSections.flatMap(({ directives }) => directives.flatMap(appends)),
    ...doors.flatMap((door, i) => {
      const section = doorSections[i];
      // A section without a name is a line that could not be read.
      if (section === undefined || door.name === "") return [];
      return [
        ...doorTraps(section, door),
        ...tooLong(section, door, firewall),
        ...hiddenTool(section, door),
      ];
    }),
    ...sharedLists(doorSections, doors),
    ...findOverlaps(doors).map(({ at, message }) => warn(doorSections[at] ?? nowhere, message)),
    ...(doorSections.length === 0 ? [noDoors] : []),
  ];
}

const nowhere = { line: 1, column: 1 };

const noDoors: Problem = warn(nowhere, "no doors: nothing will ever be opened");

function optionsInOtherCase(section: ConfigSection): Problem[] {
  if (section.name === "options") return [];
  const message = `[${section.name}] is read as [options]; in knockd 0.8 it would be a door`;
  return [warn(section, message)];
}

/** Metrics tell other hosts about doors, knocks and leases. */
function openMetrics(directive: Directive): Problem[] {
  const { key, line, valueColumn } = directive;
  if (!isNameOf(key, options.metricsListen)) return [];
  const parsed = readValue(directive, options.metricsListen);
  if ("problem" in parsed || isLoopback(parsed.value.address)) return [];
  const message = "other hosts that reach this address can read the metrics";
  return [{ severity: "warning", line, column: valueColumn, message, hint: "127.0.0.1 or [::1]" }];
}

/** Text that went through a word processor or a blog has –dport where --dport was. */
function dashes({ value, line, valueColumn }: Directive): Problem[] {
  const found = /[\u2010-\u2015\u2212]\p{L}[\p{L}\u2010-\u2015\u2212-]*/u.exec(value ?? "");
  if (found === null) return [];
  const column = valueColumn + [...found.input.slice(0, found.index)].length;
  const message = `"${found[0]}" begins with a typographic dash`;
  return [{ severity: "warning", line, column, message, hint: "was -- or - meant?" }];
}

/** A part of a shell's line, and where in the line it begins. */
interface CommandWord {
  readonly text: string;
  readonly at: number;
}

/** A rule that is put at the end of a chain, and what to write instead. */
interface Appended {
  readonly flag: CommandWord;
  readonly chain: string;
  readonly instead: string;
}

/** Chains through which packets come anyway. */
const usualChain = /INPUT|FORWARD|input|forward/;

/** A rule that opens, but comes after one that drops. */
function appends({ key, value = "", line, valueColumn }: Directive): Problem[] {
  if (!isNameOf(key, commandDirectives.start, commandDirectives.start6)) return [];
  const commands = commandsIn(value);
  return [appendedByIptables, appendedByNft].flatMap((find): Problem[] => {
    const appended = firstOf(commands, find);
    if (appended === undefined) return [];
    const { flag, chain, instead } = appended;
    const column = valueColumn + [...value.slice(0, flag.at)].length;
    const message = `${flag.text} puts the rule at the end of ${chain}: behind one that drops it opens nothing`;
    return [{ severity: "warning", line, column, message, hint: `${instead} ${chain}` }];
  });
}

/**
 * The words of each command in a line, as if quotes were nothing. Word by word, since a pattern over the
 * whole line would try every word against every other.
 */
function commandsIn(line: string): CommandWord[][] {
  let start = 0;
  return line.split(/[;|&]/).map((command) => {
    const words = [...command.matchAll(/\S+/g)];
    const from = start;
    start += command.length + 1;
    return words.map(({ 0: text, index }) => ({ text, at: from + index }));
  });
}

function firstOf(
  commands: readonly (readonly CommandWord[])[],
  find: (command: readonly CommandWord[]) => Appended | undefined,
): Appended | undefined {
  for (const command of commands) {
    const found = find(command);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `iptables … -A CHAIN … ACCEPT`, or `--append=CHAIN`. */
function appendedByIptables(words: readonly CommandWord[]): Appended | undefined {
  const program = words.findIndex(({ text }) => /\bip6?tables$/.test(text));
  const accept = words.findLastIndex(({ text }) => /ACCEPT\b/.test(text));
  for (let i = program + 1; program >= 0 && i < accept; i++) {
    const { text = "", at = 0 } = words[i] ?? {};
    const [, flag, joined] = /^(-A|--append)(?:=(.*))?$/s.exec(text) ?? [];
    if (flag === undefined) continue;
    const chain = joined ?? (i + 1 < accept ? words[i + 1]?.text : undefined) ?? "";
    if (usualChain.test(chain)) return { flag: { text: flag, at }, chain, instead: "-I" };
  }
  return undefined;
}

/** `nft … add rule … CHAIN … accept` */
function appendedByNft(words: readonly CommandWord[]): Appended | undefined {
  const program = words.findIndex(({ text }) => /\bnft$/.test(text));
  const accept = words.findLastIndex(({ text }) => /accept\b/.test(text));
  let add: CommandWord | undefined;
  for (let i = program + 1; program >= 0 && i < accept; i++) {
    const { text = "", at = 0 } = words[i] ?? {};
    if (add !== undefined && usualChain.test(text)) {
      return { flag: add, chain: text, instead: "insert rule …" };
    }
    if (text === "add" && words[i + 1]?.text === "rule") add ??= { text, at };
  }
  return undefined;
}

function doorTraps(section: ConfigSection, door: DoorConfig): Problem[] {
  const found: Problem[] = [];
  const { sequence, action, timeout } = door;
  if (sequence.kind === "fixed") {
    // What decoys cannot prevent is said by who chooses them.
    if (door.decoys === 0 && isAscending(sequence.steps)) {
      const message = `the ports of '${door.name}' ascend: a plain port scan knocks them in this order`;
      found.push(warn(section, message, "shuffle them, or let it have decoys"));
    }
    if (timeout === 0 && sequence.steps.length > 1) {
      found.push(warn(section, `seq_timeout is 0: '${door.name}' can never be opened`));
    }
  }
  if (action.kind === "native" && action.openFor === 0) {
    found.push(warn(section, `open_for is 0: '${door.name}' can never be opened`));
  }
  if (
    action.kind === "command" &&
    !action.start &&
    !action.start6 &&
    !action.stop &&
    !action.stop6
  ) {
    found.push(warn(section, `'${door.name}' opens nothing and runs no command`));
  }
  const hasTcp =
    sequence.kind === "one-time" || sequence.steps.some(({ protocol }) => protocol === "tcp");
  if (door.flags.mask === 0 && hasTcp) {
    const message = `'${door.name}' has no tcpflags: any TCP packet to its ports counts, not only the first of a connection`;
    found.push(warn(section, message, "tcpflags = syn"));
  }
  return found;
}

function tooLong(
  section: ConfigSection,
  { name, action }: DoorConfig,
  firewall: BackendKind,
): Problem[] {
  const { longestTimeout } = backends[firewall];
  if (action.kind !== "native" || action.openFor <= longestTimeout) return [];
  const days = Math.floor(longestTimeout / 8_640_000) / 10;
  const message = `open_for is longer than ${firewall} can count: '${name}' will be open for ${days} days`;
  return [warn(section, message)];
}

/** A knock that opens one door and not the other leaves the other with a sequence that was on the wire. */
function sharedLists(sections: readonly ConfigSection[], doors: readonly DoorConfig[]): Problem[] {
  const owners = new Map<string, string>();
  return doors.flatMap(({ name, sequence }, i) => {
    if (sequence.kind === "fixed") return [];
    const owner = owners.get(sequence.file);
    if (owner === undefined) {
      owners.set(sequence.file, name);
      return [];
    }
    const message = `'${name}' has the list of one-time sequences of '${owner}': what one of them used up may still open the other`;
    return [warn(sections[i] ?? nowhere, message, "a list for each door")];
  });
}

function isAscending(sequence: Sequence): boolean {
  return (
    sequence.length > 1 &&
    sequence.slice(1).every(({ number }, i) => number > (sequence[i]?.number ?? 0))
  );
}

function warn({ line, column }: typeof nowhere, message: string, hint?: string): Problem {
  return { severity: "warning", line, column, message, ...(hint && { hint }) };
}

// What a file says correctly and yet hardly means. Warnings only: every file of knockd 0.8 loads.
import type { BackendKind } from "../../base/backends.ts";
import { backends } from "../../base/backends.ts";
import { isLoopback } from "../../base/endpoint.ts";
import type { Sequence } from "../../base/sequence.ts";
import type { DoorConfig } from "../config.ts";
import { fixedSteps, openedServices } from "../config.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives, nativeDirectives, options } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import type { Problem } from "../problem.ts";
import { readValue } from "../section.ts";
import { commandsOf } from "./door-commands.ts";
import { hiddenTool } from "./lanes.ts";
import { findOverlaps } from "./overlaps.ts";
import { ruleTraps } from "./rules.ts";
import { spellingTraps } from "./spelling.ts";

/** Beyond it `Freshness` is worth a warning: milliseconds. */
const usualMostFreshness = 300_000;

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
    ...optionSections.flatMap(({ directives }) => directives.flatMap(longFreshness)),
    ...[...optionSections, ...doorSections].flatMap(({ directives }) =>
      directives.flatMap(spellingTraps),
    ),
    ...doorSections.flatMap((section) => ruleTraps(commandsOf(section))),
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

/** Within this time a packet that was held back on its way can still be delivered. */
function longFreshness(directive: Directive): Problem[] {
  const { key, line, valueColumn } = directive;
  if (!isNameOf(key, options.freshness)) return [];
  const parsed = readValue(directive, options.freshness);
  if ("problem" in parsed || parsed.value <= usualMostFreshness) return [];
  const message = "a packet that was held back for so long still opens a door";
  const hint = "a clock that keeps time, and 2m";
  return [{ severity: "warning", line, column: valueColumn, message, hint }];
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
  if (openedServices(door).some(({ protocol }) => protocol === "any")) {
    const message = `'${door.name}' opens all protected services at once for the source that knocks`;
    found.push(warn(section, message, "open = tcp/22 opens one"));
  }
  if (action.kind === "native" && action.openFor === 0) {
    found.push(warn(section, `open_for is 0: '${door.name}' can never be opened`));
  }
  if (
    action.kind === "command" &&
    !action.start &&
    !action.start6 &&
    !action.stop &&
    !action.stop6 &&
    // Its value may be what cannot be read.
    !section.directives.some(({ key }) => isNameOf(key, nativeDirectives.services))
  ) {
    found.push(warn(section, `'${door.name}' opens nothing and runs no command`));
  }
  const hasTcp =
    sequence.kind === "one-time" || fixedSteps(door).some(({ protocol }) => protocol === "tcp");
  if (door.flags.mask === 0 && hasTcp) {
    const message = `'${door.name}' has no tcpflags: any TCP packet to its ports counts, not only the first of a connection`;
    found.push(warn(section, message, "tcpflags = syn"));
  }
  return [...found, ...keyTraps(section, door)];
}

function keyTraps(
  section: ConfigSection,
  { name, sequence, action, users }: DoorConfig,
): Problem[] {
  const found: Problem[] = [];
  if (users.length > 0 && sequence.kind !== "none") {
    const message = `'${name}' opens by a sequence, too: who sees it can send it`;
    found.push(warn(section, message, "without the sequence, keys alone open it"));
  }
  const isMistaken = action.kind === "native" && users.length === 0;
  const user = section.directives.find(({ key }) => isNameOf(key, commandDirectives.user));
  if (isMistaken && user !== undefined) {
    const message = `'${name}' runs no commands, so that user means nothing`;
    found.push(warn({ line: user.line, column: user.column }, message, "users = …"));
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
    if (sequence.kind !== "one-time") return [];
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

// What a configuration asks of knockd that only root can do. The unit of the packages can run knockd as a
// user that may capture packets and steer the firewall, and write into two directories.
import { backends } from "../../base/backends.ts";
import { defaultRuntimeDirectory, defaultStateDirectory } from "../../base/paths.ts";
import type { Config, ConfigOptions, DoorConfig } from "../config.ts";
import type { AnyRow } from "../directive.ts";
import { isNameOf } from "../directive.ts";
import {
  commandDirectives,
  doorDirectives,
  options as optionRows,
  sequences,
} from "../directives.ts";
import type { Hook } from "../hook.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import type { ParsedConfig } from "../parse.ts";

/** A directive that needs a knockd of root. */
export interface RootNeed {
  /** Where it stands; absent for what the environment says. */
  readonly directive: Directive | undefined;
  /** `door 'ssh' runs a command` */
  readonly reason: string;
}

/** Returns what needs root: first the options, then the doors. */
export function findRootNeeds(
  { options, doors }: Config,
  { optionSections, doorSections }: Pick<ParsedConfig, "optionSections" | "doorSections">,
): RootNeed[] {
  return [
    ...optionNeeds(options, optionSections),
    ...doors.flatMap((door, i) => doorNeeds(door, doorSections[i])),
  ];
}

function optionNeeds(options: ConfigOptions, sections: readonly ConfigSection[]): RootNeed[] {
  const { logFile, stateDir, controlSocket, firewall, onOpen, onClose } = options;
  const need = (row: AnyRow, isNeeded: boolean, reason: string): RootNeed[] =>
    isNeeded ? [{ directive: find(sections, row), reason: `${row.name} ${reason}` }] : [];
  const isElsewhere = (file: string | undefined) =>
    file !== undefined && !writable.some((folder) => `${file}/`.startsWith(`${folder}/`));
  const outside = `is neither in ${defaultStateDirectory} nor in ${defaultRuntimeDirectory}`;
  return [
    ...need(optionRows.logFile, isElsewhere(logFile), outside),
    ...need(optionRows.stateDir, isElsewhere(stateDir), outside),
    ...need(optionRows.controlSocket, isElsewhere(controlSocket), outside),
    ...need(optionRows.firewall, backends[firewall].needsRoot, `= ${firewall} needs root`),
    ...need(optionRows.onOpen, isCommand(onOpen), "runs a command"),
    ...need(optionRows.onClose, isCommand(onClose), "runs a command"),
  ];
}

const writable = [defaultStateDirectory, defaultRuntimeDirectory];

function doorNeeds(
  { name, action, sequence, onOpen, onClose }: DoorConfig,
  section?: ConfigSection,
) {
  const sections = section === undefined ? [] : [section];
  const need = (row: AnyRow, isNeeded: boolean, reason: string): RootNeed[] =>
    isNeeded ? [{ directive: find(sections, row), reason: `door '${name}' ${reason}` }] : [];
  const commands = action.kind === "command" ? action : undefined;
  const hasCommand = commands?.start !== undefined || commands?.start6 !== undefined;
  return [
    ...need(commandDirectives.start, hasCommand, "runs a command"),
    ...need(doorDirectives.onOpen, isCommand(onOpen), "runs a command when it opens"),
    ...need(doorDirectives.onClose, isCommand(onClose), "runs a command when it closes"),
    ...need(sequences.file, sequence.kind === "one-time", "changes its file of sequences"),
  ];
}

function isCommand(hook: Hook | undefined): boolean {
  return hook?.kind === "command";
}

function find(sections: readonly ConfigSection[], row: AnyRow): Directive | undefined {
  return sections.flatMap(({ directives }) => directives).findLast(({ key }) => isNameOf(key, row));
}

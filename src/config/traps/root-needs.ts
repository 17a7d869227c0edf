// What a configuration asks of knockd that only root can do. The unit of the packages can run knockd as a
// user that may capture packets and steer the firewall, and write into two directories. It sees no homes.
import { backends } from "../../base/backends.ts";
import { defaultRuntimeDirectory, defaultStateDirectory } from "../../base/paths.ts";
import type { Config, DoorConfig } from "../config.ts";
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
  config: Config,
  { optionSections, doorSections }: Pick<ParsedConfig, "optionSections" | "doorSections">,
): RootNeed[] {
  return [
    ...optionNeeds(config, optionSections),
    ...config.doors.flatMap((door, i) => doorNeeds(door, doorSections[i])),
  ];
}

function optionNeeds({ options, doors }: Config, sections: readonly ConfigSection[]): RootNeed[] {
  const { logFile, stateDir, controlSocket, firewall, onOpen, onClose } = options;
  const need = (row: AnyRow, isNeeded: boolean, reason: string): RootNeed[] =>
    isNeeded ? [{ directive: find(sections, row), reason: `${row.name} ${reason}` }] : [];
  const isElsewhere = (file: string | undefined) => file !== undefined && !isIn(writable, file);
  const hasUsers = doors.some(({ users }) => users.length > 0);
  const outside = `is neither in ${defaultStateDirectory} nor in ${defaultRuntimeDirectory}`;
  return [
    ...need(optionRows.logFile, isElsewhere(logFile), outside),
    ...need(optionRows.stateDir, isElsewhere(stateDir), outside),
    ...need(optionRows.controlSocket, isElsewhere(controlSocket), outside),
    ...need(optionRows.usersFile, hasUsers && isIn(hidden, options.usersFile), unseen),
    ...need(
      optionRows.fleetFile,
      options.fleet !== undefined && isIn(hidden, options.fleetFile),
      unseen,
    ),
    ...need(optionRows.firewall, backends[firewall].needsRoot, `= ${firewall} needs root`),
    ...need(optionRows.onOpen, isCommand(onOpen), "runs a command"),
    ...need(optionRows.onClose, isCommand(onClose), "runs a command"),
  ];
}

const writable = [defaultStateDirectory, defaultRuntimeDirectory];

/** ProtectHome and PrivateTmp of systemd.exec(5). */
const hidden = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];

const unseen = "is in a folder of users or of temporary files";

function isIn(folders: readonly string[], file: string): boolean {
  return folders.some((folder) => `${file}/`.startsWith(`${folder}/`));
}

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

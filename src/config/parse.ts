import { lostName, trialName } from "../base/access-owner.ts";
import type { Network } from "../base/address.ts";
import { widestNetworks } from "../base/address.ts";
import type { DoorService } from "../base/service.ts";
import { complainOfBehind, findBehindProblems } from "./behind.ts";
import type { Config, ConfigOptions, DoorConfig } from "./config.ts";
import { withDefaults } from "./directive.ts";
import {
  commandDirectives,
  doorDirectives,
  nativeDirectives,
  options as optionRows,
  sequences,
} from "./directives.ts";
import { findKeyFaults } from "./knock-ports.ts";
import type { ConfigSection } from "./lines.ts";
import { readSections } from "./lines.ts";
import type { Problem } from "./problem.ts";
import { doorVocabulary, isAnywhere, optionVocabulary, SectionValues } from "./section.ts";
import { findTraps } from "./traps/file.ts";

/** What a configuration file says; with an error among the problems there is no `config`. */
export interface ParsedConfig {
  readonly config: Config | undefined;
  /** What could be read of the options, whatever the problems; the usual values for the rest. */
  readonly options: ConfigOptions;
  /** All of them, in the order of their lines. */
  readonly problems: readonly Problem[];
  /** Where the options stand. */
  readonly optionSections: readonly ConfigSection[];
  /** Where the doors stand, one by one. */
  readonly doorSections: readonly ConfigSection[];
}

/**
 * Reads a whole knockd.conf and finds every problem in it. A relative path starts from `directory`, or
 * stays as it is without one. Pure.
 */
export function parseConfig(text: string, directory?: string): ParsedConfig {
  const problems: Problem[] = [];
  const sections = readSections(text.replace(/^\uFEFF/, ""), problems);
  const optionSections = sections.filter(isOptions);
  const doorSections = sections.filter((section) => !isOptions(section));
  const optionDirectives = [
    ...optionSections.flatMap((section) => section.directives),
    ...doorSections.flatMap((door) => door.directives.filter(isAnywhere)),
  ];
  const values = new SectionValues(optionDirectives, optionVocabulary, problems, directory);
  const options = withDefaults(optionRows, values.get);
  const doors = doorSections.map((section) => readDoor(section, problems, directory));
  // One by one: a call takes some 100,000 arguments at most.
  const found = [
    findKeyFaults(options, optionSections, doors, doorSections),
    findBehindProblems(doors, doorSections, options),
    findTraps(optionSections, doorSections, doors, options.firewall),
  ];
  for (const problem of found.flat()) problems.push(problem);
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const broken = problems.some(({ severity }) => severity === "error");
  const config = broken ? undefined : { options, doors };
  return { config, options, problems, optionSections, doorSections };
}

function isOptions({ name }: ConfigSection): boolean {
  return name.toLowerCase() === "options";
}

function readDoor(
  section: ConfigSection,
  problems: Problem[],
  directory: string | undefined,
): DoorConfig {
  const values = new SectionValues(section.directives, doorVocabulary, problems, directory);
  checkDoor(section, values, problems);
  return {
    ...withDefaults(doorDirectives, values.get),
    name: section.name,
    sequence: readSequence(values),
    action: readAction(values),
  };
}

const reservedNames: ReadonlyMap<string, string> = new Map([
  [trialName, "the trial of knockctl guard"],
  [lostName, "what a damaged journal may leave open"],
]);

function checkDoor(
  { name, line, column }: ConfigSection,
  values: SectionValues,
  problems: Problem[],
): void {
  const report = (message: string, hint: string) =>
    problems.push({ severity: "error", line, column, message, hint });
  const reserved = reservedNames.get(name);
  if (reserved !== undefined) {
    report(`section '${name}' has a reserved name`, `it names ${reserved}: rename the door`);
  }
  const hasSteps = values.has(sequences.steps);
  const hasList = values.has(sequences.file);
  if (hasSteps && hasList) {
    const message = `section '${name}' has both Sequence and One_Time_Sequences`;
    report(message, "a door has one or the other: remove one of the two lines");
  } else if (!hasSteps && !hasList && !values.has(doorDirectives.users) && name !== "") {
    report(`section '${name}' has an empty knock sequence`, "Sequence = 7000,8000,9000");
  }
  const { start, start6, stop, stop6, timeout } = commandDirectives;
  const hasCommands = [start, start6, stop, stop6, timeout].some((row) => values.has(row));
  const opensAll = values
    .get(nativeDirectives.services)
    ?.some(({ protocol }) => protocol === "any");
  if (opensAll && values.get(nativeDirectives.protect)) {
    const message = `section '${name}' protects any: that would deny the whole host to all others`;
    report(message, "protect = yes in doors that name their services");
  }
  if (values.has(nativeDirectives.services) && hasCommands) {
    report(`section '${name}' has both Open and commands`, "make two doors of it");
  }
  for (const { message, hint } of complainOfBehind(name, values)) report(message, hint);
}

function readSequence(values: SectionValues): DoorConfig["sequence"] {
  const file = values.get(sequences.file);
  if (file !== undefined) return { kind: "one-time", file };
  const steps = values.get(sequences.steps) ?? sequences.steps.default;
  const hasUsers = values.has(doorDirectives.users) && !values.has(sequences.steps);
  return hasUsers ? { kind: "none" } : { kind: "fixed", steps };
}

function readAction(values: SectionValues): DoorConfig["action"] {
  if (values.get(nativeDirectives.services) === undefined) {
    return { kind: "command", ...withDefaults(commandDirectives, values.get) };
  }
  const action = withDefaults(nativeDirectives, values.get);
  const { hosts } = action;
  if (hosts === undefined) return { kind: "native", ...action };
  const services = action.services.map((service) => locate(service, hosts));
  return { kind: "native", ...action, services };
}

/** Returns the service as one of these hosts. */
function locate(service: DoorService, hosts: readonly Network[]): DoorService {
  if (service.protocol === "icmp" || service.protocol === "any") return service;
  return { protocol: service.protocol, port: service.port, hosts: widestNetworks(hosts) };
}

import { trialName } from "../base/access-owner.ts";
import type { Config, ConfigOptions, DoorConfig } from "./config.ts";
import { defaultDecoys, defaultOptions } from "./config.ts";
import type { DoorValues, OptionValues } from "./directives.ts";
import { doorRules, isUseSyslog, optionRules, readDirectives } from "./directives.ts";
import type { ConfigSection } from "./lines.ts";
import { readSections } from "./lines.ts";
import type { Problem } from "./problem.ts";
import { findTraps } from "./traps/file.ts";

/** knockd's own: how long a knock may take, and how long a timed door stays open, in milliseconds. */
const defaultTimeout = 25_000;
const defaultCloseAfter = 10_000;

/** How long a native door lets new connections in: milliseconds. */
const defaultOpenFor = 30_000;

/** What a configuration file says; with an error among the problems there is no `config`. */
export interface ParsedConfig {
  readonly config: Config | undefined;
  /** What could be read of the options, whatever the problems; the usual values for the rest. */
  readonly options: ConfigOptions;
  /** All of them, in the order of their lines. */
  readonly problems: readonly Problem[];
  /** Where the doors stand, one by one. */
  readonly doorSections: readonly ConfigSection[];
}

/** Reads a whole knockd.conf and finds every problem in it. Pure. */
export function parseConfig(text: string): ParsedConfig {
  const problems: Problem[] = [];
  const sections = readSections(text.replace(/^\uFEFF/, ""), problems);
  const optionSections = sections.filter(isOptions);
  const doorSections = sections.filter((section) => !isOptions(section));
  const options = readOptions(optionSections, doorSections, problems);
  const doors = doorSections.map((section) => {
    const values = readDirectives<DoorValues>(section.directives, doorRules, problems);
    return readDoor(section, values, problems);
  });
  // One by one: a call takes some 100,000 arguments at most.
  const traps = findTraps(optionSections, doorSections, doors, options.firewall);
  for (const trap of traps) problems.push(trap);
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const broken = problems.some(({ severity }) => severity === "error");
  return { config: broken ? undefined : { options, doors }, options, problems, doorSections };
}

function isOptions({ name }: ConfigSection): boolean {
  return name.toLowerCase() === "options";
}

function readOptions(
  sections: readonly ConfigSection[],
  doors: readonly ConfigSection[],
  problems: Problem[],
): ConfigOptions {
  const directives = [
    ...sections.flatMap((section) => section.directives),
    ...doors.flatMap((door) => door.directives.filter(isUseSyslog)),
  ];
  const values = readDirectives<OptionValues>(directives, optionRules, problems);
  return {
    useSyslog: values.usesyslog ?? defaultOptions.useSyslog,
    logFormat: values.logformat ?? defaultOptions.logFormat,
    interfaces: values.interface,
    maxAttempts: values.maxattempts ?? defaultOptions.maxAttempts,
    maxCommands: values.maxcommands ?? defaultOptions.maxCommands,
    firewall: values.firewall ?? defaultOptions.firewall,
    table: values.table ?? defaultOptions.table,
    onJournalFailure: values.onjournalfailure ?? defaultOptions.onJournalFailure,
    ...(values.lograte !== undefined && { logRate: values.lograte }),
    ...(values.statedir && { stateDir: values.statedir }),
    ...(values.controlsocket && { controlSocket: values.controlsocket }),
    ...(values.metricslisten && { metricsListen: values.metricslisten }),
    ...(values.logfile && { logFile: values.logfile }),
    ...(values.pidfile && { pidFile: values.pidfile }),
  };
}

function readDoor(
  section: ConfigSection,
  values: Partial<DoorValues>,
  problems: Problem[],
): DoorConfig {
  const { name, line, column } = section;
  const wants = (key: string) => section.directives.some((d) => d.key.toLowerCase() === key);
  const report = (message: string, hint: string) =>
    problems.push({ severity: "error", line, column, message, hint });
  if (name === trialName) {
    report(
      `section '${name}' has a reserved name`,
      "it names the trial of knockctl guard: rename the door",
    );
  }
  if (wants("sequence") && wants("one_time_sequences")) {
    const message = `section '${name}' has both Sequence and One_Time_Sequences`;
    report(message, "a door has one or the other: remove one of the two lines");
  } else if (!wants("sequence") && !wants("one_time_sequences") && name !== "") {
    report(`section '${name}' has an empty knock sequence`, "Sequence = 7000,8000,9000");
  }
  const commands = section.directives.filter(({ key }) => /command/i.test(key));
  if (wants("open") && commands.length > 0) {
    report(`section '${name}' has both Open and commands`, "make two doors of it");
  }
  return {
    name,
    sequence:
      values.one_time_sequences === undefined
        ? { kind: "fixed", steps: values.sequence ?? [] }
        : { kind: "one-time", file: values.one_time_sequences },
    timeout: values.seq_timeout ?? defaultTimeout,
    flags: values.tcpflags ?? { mask: 0, value: 0 },
    target: values.target,
    allow: values.allow,
    deny: values.deny ?? [],
    decoys: values.decoys ?? defaultDecoys,
    action: readAction(values),
  };
}

function readAction(values: Partial<DoorValues>): DoorConfig["action"] {
  if (values.open !== undefined) {
    return {
      kind: "native",
      services: values.open,
      openFor: values.open_for ?? defaultOpenFor,
      protect: values.protect ?? false,
    };
  }
  return {
    kind: "command",
    templates: {
      ...(values.start_command !== undefined && { start: values.start_command }),
      ...(values.start_command_6 !== undefined && { start6: values.start_command_6 }),
      ...(values.stop_command !== undefined && { stop: values.stop_command }),
      ...(values.stop_command_6 !== undefined && { stop6: values.stop_command_6 }),
    },
    closeAfter: values.cmd_timeout ?? defaultCloseAfter,
    user: values.user,
    timeout: values.command_timeout,
    again: values.again ?? "extend",
  };
}

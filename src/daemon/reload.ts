import type { Config, ConfigOptions, DoorConfig } from "../config/config.ts";

/** What is different in a new configuration: names of doors and of options, as people wrote them or would. */
export interface ConfigChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly options: readonly string[];
}

/** Compares two configurations. Pure. */
export function compareConfigs(before: Config, after: Config): ConfigChanges {
  const old = byName(before.doors);
  const fresh = byName(after.doors);
  return {
    added: [...fresh.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !fresh.has(name)),
    changed: [...fresh].filter(([name, text]) => (old.get(name) ?? text) !== text).map(([n]) => n),
    options: optionNames.filter((name) => differs(name, before.options, after.options)),
  };
}

/** What a configuration asks for that has to wait for the next start; `started`: the options of this one. */
export function lateOptions(started: ConfigOptions, wanted: ConfigOptions): readonly string[] {
  return fixedOptions.filter((name) => differs(name, started, wanted));
}

const optionNames = [
  "useSyslog",
  "logFile",
  "logFormat",
  "logRate",
  "pidFile",
  "interfaces",
  "maxAttempts",
  "maxCommands",
  "firewall",
  "table",
  "stateDir",
  "controlSocket",
  "metricsListen",
  "onJournalFailure",
] as const satisfies readonly (keyof Config["options"])[];

type OptionName = (typeof optionNames)[number];

/** Those that a running daemon cannot change. */
const fixedOptions: readonly OptionName[] = [
  "maxAttempts",
  "maxCommands",
  "table",
  "stateDir",
  "controlSocket",
  "onJournalFailure",
];

function differs(name: OptionName, a: ConfigOptions, b: ConfigOptions): boolean {
  return asText(a[name]) !== asText(b[name]);
}

/** All that is said of the doors of a name, which need not be one. */
function byName(doors: readonly DoorConfig[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const door of doors) found.set(door.name, (found.get(door.name) ?? "") + asText(door));
  return found;
}

/** Values as text that is the same for the same; addresses have their own way to be written. */
function asText(value: unknown): string {
  return JSON.stringify(value) ?? "";
}

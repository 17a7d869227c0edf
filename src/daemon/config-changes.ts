import type { Config, ConfigOptions, DoorConfig } from "../config/config.ts";
import type { AnyRow } from "../config/directive.ts";
import { rowsWithValues } from "../config/directive.ts";
import { options as optionRows } from "../config/directives.ts";

/** The names of the doors and options that differ in a new configuration; options as documents write them. */
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
    options: changedRows(before.options, after.options).map(({ name }) => name),
  };
}

/** Returns the options that have to wait for the next start; `started` are those of this one. */
export function lateOptions(started: ConfigOptions, wanted: ConfigOptions): readonly string[] {
  const late = changedRows(started, wanted).filter(({ isFixed }) => isFixed);
  return late.map(({ name }) => name);
}

function changedRows(before: ConfigOptions, after: ConfigOptions): AnyRow[] {
  const old = new Map(rowsWithValues(optionRows, before));
  return rowsWithValues(optionRows, after).flatMap(([row, value]) =>
    asText(value) === asText(old.get(row)) ? [] : row,
  );
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

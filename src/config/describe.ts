import { formatFlagTest } from "../base/tcp-flags.ts";
import type { Config, DoorConfig } from "./config.ts";
import type { AnyRow } from "./directive.ts";
import { rowsWithValues } from "./directive.ts";
import {
  commandDirectives,
  doorDirectives,
  nativeDirectives,
  options as optionRows,
  sequences,
} from "./directives.ts";

/** What a configuration was understood to say, a line a fact, in the order and manner of knockd -D. */
export function describeConfig({ options, doors }: Config): string[] {
  return [
    "config: new section: 'options'",
    ...rowsWithValues(optionRows, options).flatMap(([row, value]) => describe(row, value)),
    ...doors.flatMap(describeDoor),
  ];
}

function describeDoor(door: DoorConfig): string[] {
  const { name, sequence, action } = door;
  // The flags come last, without the name of their door, as knockd prints them.
  const { flags, ...others } = doorDirectives;
  const facts = [
    ...describeSequence(sequence),
    ...rowsWithValues(others, door),
    ...(action.kind === "native"
      ? rowsWithValues(nativeDirectives, action)
      : rowsWithValues(commandDirectives, action)),
  ];
  return [
    `config: new section: '${name}'`,
    ...facts.flatMap(([row, value]) => describe(row, value, `${name}: `)),
    ...formatFlagTest(door.flags).map((flag) => `config: tcp flag: ${flag}`),
  ];
}

function describeSequence(sequence: DoorConfig["sequence"]): (readonly [AnyRow, unknown])[] {
  switch (sequence.kind) {
    case "fixed":
      return [[sequences.steps, sequence.steps]];
    case "one-time":
      return [[sequences.file, sequence.file]];
    case "none":
      return [];
  }
}

function describe(row: AnyRow, value: unknown, prefix = ""): string[] {
  const { kind, isAlwaysShown } = row;
  if (value === undefined && !isAlwaysShown) return [];
  const text = kind.format(value);
  const isDefault = row.default !== undefined && text === kind.format(row.default);
  if (isDefault && !isAlwaysShown) return [];
  const fact = `config: ${prefix}${row.label ?? row.name.toLowerCase()}`;
  return [kind.isBare ? fact : `${fact}: ${text}`];
}

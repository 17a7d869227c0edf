// The commands of a door, as the traps look at them.
import type { FirewallCommand } from "../commands/firewall-command.ts";
import { readFirewallCommand } from "../commands/firewall-command.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives } from "../directives.ts";
import type { ConfigSection, Directive } from "../lines.ts";
import type { Problem } from "../problem.ts";

/** A command as it stands in the file, and what it does. */
export interface DoorCommand {
  readonly directive: Directive;
  readonly value: string;
  readonly known: FirewallCommand;
}

/** The commands that one source's knock runs. */
export interface CommandPair {
  readonly start: DoorCommand | undefined;
  readonly stop: DoorCommand | undefined;
}

/** All commands of a door that are not empty. */
export interface DoorCommands {
  readonly all: readonly DoorCommand[];
  readonly starts: readonly DoorCommand[];
  /** What an IPv4 source's knock runs, and an IPv6 source's, if that is not the same. */
  readonly pairs: readonly CommandPair[];
}

/** Reads the commands of a door; of a directive that comes twice the last counts. */
export function commandsOf({ directives }: ConfigSection): DoorCommands {
  const read = (row: (typeof commandDirectives)["start"]): DoorCommand | undefined => {
    const directive = directives.findLast(({ key }) => isNameOf(key, row));
    const value = directive?.value ?? "";
    if (directive === undefined || value === "") return undefined;
    return { directive, value, known: readFirewallCommand(value) };
  };
  const start = read(commandDirectives.start);
  const start6 = read(commandDirectives.start6);
  const stop = read(commandDirectives.stop);
  const stop6 = read(commandDirectives.stop6);
  const pairs = [{ start, stop }];
  if (start6 !== undefined || stop6 !== undefined) {
    pairs.push({ start: start6 ?? start, stop: stop6 ?? stop });
  }
  const present = (some: readonly (DoorCommand | undefined)[]) =>
    some.filter((one) => one !== undefined);
  return { all: present([start, start6, stop, stop6]), starts: present([start, start6]), pairs };
}

/** Returns a warning that points at a place in a directive's value, counted from 0. */
export function warnAt(
  { line, valueColumn, value = "" }: Directive,
  at: number,
  message: string,
  hint?: string,
): Problem {
  const column = valueColumn + [...value.slice(0, at)].length;
  return { severity: "warning", line, column, message, ...(hint !== undefined && { hint }) };
}

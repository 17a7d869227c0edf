// Tools that lose changes when two of them run at once, hidden where the kind of a command does not show it.
import { commandKind } from "../../base/command-kind.ts";
import { shells } from "../commands/firewall-command.ts";
import type { DoorConfig } from "../config.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import type { Problem } from "../problem.ts";

const tools = ["ufw", "firewall-cmd"] as const;

/** Returns a warning if a door without `serial` runs such a tool in the text of a shell or in a script named after it. */
export function hiddenTool(section: ConfigSection, { action }: DoorConfig): Problem[] {
  if (action.kind !== "command" || action.serial !== undefined) return [];
  const { start, start6, stop, stop6 } = commandDirectives;
  for (const { key, value = "", line, valueColumn: column } of section.directives) {
    const tool = isNameOf(key, start, start6, stop, stop6) ? toolHiddenIn(value) : undefined;
    if (tool === undefined) continue;
    const message = `other commands may run ${tool} at the same time, which loses changes: the kind of this one is ${commandKind(value)}`;
    return [{ severity: "warning", line, column, message, hint: `serial = ${tool}` }];
  }
  return [];
}

function toolHiddenIn(text: string): string | undefined {
  const kind = commandKind(text);
  return tools.find((tool) => {
    if (kind === tool) return false;
    if (kind.includes(tool)) return true;
    return shells.has(kind) && text.split(/[^\w.-]+/).includes(tool);
  });
}

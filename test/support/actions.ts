import type { CommandAction } from "../../src/config/config.ts";

/** An action with these commands, and knockd's defaults for the rest. */
export function runs(templates: CommandAction["templates"]): CommandAction {
  return {
    kind: "command",
    templates,
    closeAfter: 10_000,
    user: undefined,
    timeout: undefined,
    again: "extend",
  };
}

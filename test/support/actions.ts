import type { CommandAction } from "../../src/config/config.ts";
import { withDefaults } from "../../src/config/directive.ts";
import { commandDirectives } from "../../src/config/directives.ts";

/** An action with these commands, and knockd's defaults for the rest. */
export function runs(commands: Partial<CommandAction>): CommandAction {
  return { kind: "command", ...withDefaults(commandDirectives), ...commands };
}

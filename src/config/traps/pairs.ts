// Doors of which one opens by a rule that another one takes out again.
import type { Config } from "../config.ts";
import type { ConfigSection } from "../lines.ts";
import type { Problem } from "../problem.ts";
import type { DoorCommand } from "./door-commands.ts";
import { commandsOf, warnAt } from "./door-commands.ts";

interface LoneCommand {
  readonly name: string;
  readonly start: DoorCommand;
}

/**
 * Returns a warning for each door whose rule another door deletes once, however often it was put in. Only
 * iptables takes a rule twice.
 */
export function findPairTraps({ doors }: Config, sections: readonly ConfigSection[]): Problem[] {
  const lone = doors.flatMap(({ name }, i): LoneCommand[] => {
    const section = sections[i];
    const commands = section === undefined ? undefined : commandsOf(section);
    const start = commands?.pairs[0]?.start;
    if (start === undefined || commands?.pairs.some(({ stop }) => stop !== undefined)) return [];
    return [{ name, start }];
  });
  return lone.flatMap((opener) => {
    const added = opener.start.known.changes.filter(isAdded).map(({ rule }) => rule);
    const closer = lone.find(({ start }) =>
      start.known.changes.some(
        ({ verb, rule }) => verb === "remove" && rule !== undefined && added.includes(rule),
      ),
    );
    // A check before it, or a deletion, keeps a rule from being there twice.
    if (closer === undefined || closer === opener || !opener.start.known.isComplete) return [];
    const message = `a second knock at '${opener.name}' puts its rule in once more, and '${closer.name}' deletes it once: the door stays open`;
    const hint = "stop_command in the same door, or a native door: knockctl migrate shows one";
    return [warnAt(opener.start.directive, 0, message, hint)];
  });
}

function isAdded({
  tool,
  verb,
  rule,
}: {
  tool: string;
  verb: string;
  rule: string | undefined;
}): boolean {
  return /^ip6?tables$/.test(tool) && verb === "add" && rule !== undefined;
}

// Tools that lose changes when two of them run at once, hidden where the kind of a command does not show it.
import { baseName, commandKind } from "../../base/command-kind.ts";
import { shells } from "../commands/firewall-command.ts";
import { readCommandText } from "../commands/words.ts";
import type { DoorConfig } from "../config.ts";
import { isNameOf } from "../directive.ts";
import { commandDirectives } from "../directives.ts";
import type { ConfigSection } from "../lines.ts";
import type { Problem } from "../problem.ts";

const tools = ["ufw", "firewall-cmd"] as const;

/** Programs that run the one after their options, and how many words stand between the two. */
const runners: Readonly<Record<0 | 1, RegExp>> = {
  0: /^(?:doas|env|ionice|nice|nohup|nsenter|pkexec|python[\d.]*|runuser|setpriv|setsid|stdbuf|sudo|systemd-run|unshare)$/,
  1: /^(?:chroot|chrt|flock|su|taskset|timeout)$/,
};

/** Returns a warning if a door without `serial` runs such a tool by another program, or in a script named after it. */
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
    if (shells.has(kind)) return isIn(text, tool);
    const [words = []] = readCommandText(text).commands;
    return isRunBy(
      words.map((word) => word.text),
      tool,
    );
  });
}

/** Whether the text of a shell or of Python has the name of the tool. */
function isIn(text: string, tool: string): boolean {
  return text.split(/[^\w.-]+/).includes(tool);
}

/**
 * Whether the first of these words runs the tool. Whether an option takes the next word is not known: the
 * program is looked for in both places.
 */
function isRunBy(words: readonly string[], tool: string): boolean {
  // How many words that are no options stand before the program, at least and at most; how many have passed.
  let [least, most, passed] = [0, 0, 0];
  for (const [i, word] of words.entries()) {
    if (/^[A-Za-z_]\w*=/.test(word)) continue;
    if (word.startsWith("-")) {
      if (/^(?:-[A-Za-z]|--[A-Za-z][\w-]*)$/.test(word)) most++;
      continue;
    }
    const name = baseName(word);
    const isProgram = passed === most;
    if (passed >= least) {
      if (isProgram ? name.includes(tool) : name === tool) return true;
      if (shells.has(name)) return isIn(words.slice(i).join(" "), tool);
    }
    // The text of an option such as -c.
    if (/\s/.test(word) && isIn(word, tool)) return true;
    const operands = ([0, 1] as const).find((count) => runners[count].test(name));
    if (operands !== undefined) [least, most, passed] = [operands, operands, 0];
    else if (isProgram) return false;
    else passed++;
  }
  return false;
}

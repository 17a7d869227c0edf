// The help texts of `knockctl` and its commands. Pure.
import { formatOptions, formatParagraphs, formatTerms, wrap } from "../help.ts";
import type { Command, CommandGroup } from "./command.ts";
import { globalOptions, optionsOf, usageLines } from "./command-line.ts";

const groups: Readonly<Record<CommandGroup, string>> = {
  begin: "begin: set up and protect",
  look: "look: show state and events",
  act: "act: open, close, reload",
  files: "files: configurations, recordings, invitations",
  help: "help",
};

/** Returns the text of `knockctl COMMAND --help`. */
export function formatCommandHelp(command: Command): string {
  const usage = usageLines(command)
    .map((line, i) => `${i === 0 ? "usage:" : "      "} ${line}\n`)
    .join("");
  const notes = command.notes === undefined ? "" : `\n${formatParagraphs(command.notes)}`;
  return `${usage}
${formatParagraphs(command.description)}
${formatOptions(optionsOf(command))}${notes}
example: knockctl ${command.example}
`;
}

/** Returns the text of `knockctl --help`. */
export function formatGeneralHelp(commands: readonly Command[]): string {
  const lists = Object.entries(groups).map(([group, title]) => {
    const members = commands.filter((command) => command.group === group);
    return `${title}\n${formatTerms(members.map(({ name, summary }) => [name.padEnd(9), summary]))}\n`;
  });
  return `usage: knockctl [options] COMMAND [ARGUMENT...] [options]

${wrap("Manage a running knockd and validate its configuration.")}
${lists.join("")}options, before or after the command
${formatOptions(globalOptions)}
exit codes
${formatTerms([
  ["0", "success"],
  ["1", "the request failed, or a checked file has errors"],
  ["2", "wrong usage; with check --strict: warnings"],
  ["3", "status, doctor: problems, or no complete knock"],
])}
environment
${formatTerms([
  ["KNOCKCTL_SOCKET", "socket of the daemon; --socket overrides it"],
  ["NO_COLOR", "if set, use colours only with --color always"],
])}
knockctl COMMAND --help explains a command, with its options.

example: knockctl open ssh 192.0.2.7 for 10m
`;
}

// The help texts of `knockctl` and its commands. Pure.
import { formatOptions, formatParagraphs, formatTerms, wrap } from "../help.ts";
import type { Command, CommandGroup } from "./command.ts";
import { globalOptions, optionsOf, usageLines } from "./command-line.ts";

const groups: Readonly<Record<CommandGroup, string>> = {
  begin: "begin: set up and protect",
  look: "look: show what happens",
  act: "act: change what is open",
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
  ["0", "done"],
  ["1", "refused or failed; what was checked cannot be used"],
  ["2", "wrong command line; with check --strict: there are warnings"],
  ["3", "status, doctor: there are problems, or no knock was complete"],
])}
environment
${formatTerms([
  ["KNOCKCTL_SOCKET", "as --socket, which overrides it"],
  ["NO_COLOR", "use no colours, unless --color says always"],
])}
knockctl COMMAND --help explains a command, with its options.

example: knockctl open ssh 192.0.2.7 for 10m
`;
}

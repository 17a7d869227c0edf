// The command lines that stand in documents, read by the tables that the programs read them by.
import type { Option } from "../../src/cli/getopt.ts";
import { getopt } from "../../src/cli/getopt.ts";
import { options as knock } from "../../src/cli/knock/command-line.ts";
import { commands } from "../../src/cli/knockctl.ts";
import { options as knockd } from "../../src/cli/knockd.ts";

export const programNames = ["knock", "knockd", "knockctl"] as const;

/** What knockctl takes where a command of its own could stand. */
export const knockctlOptions: readonly Option[] = [
  { short: "h", long: "help" },
  { short: "V", long: "version" },
];

/** The options of knock and knockd. */
export const plainPrograms: Readonly<Record<string, readonly Option[]>> = { knock, knockd };

/** All options of each command of knockctl's. */
export const knockctlCommands: ReadonlyMap<string, readonly Option[]> = new Map(
  commands.map(({ name, options }) => [name, [...options, { short: "h", long: "help" }]]),
);

/** An option as it is written: `-c`, `--config`. */
export function spellings({ short, long }: Option): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}

/**
 * The calls of our programs in a line of shell, or of a synopsis (whose brackets are nothing then), each as
 * its words: `sudo knockctl check F && knock H 1` has two.
 */
export function callsIn(line: string): string[][] {
  return line
    .replace(/^\s*(?:[\w-]*[$#]|>|C:\\[^>]*>)\s/, "")
    .replace(/\s#\s.*$/, "")
    .replaceAll(/[[\]]/g, " ")
    .split(/&&|\|\|?|;/)
    .map((part) => (part.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map(unquote))
    .map((words) => words.slice(words.findIndex((word) => !isPrefix(word))))
    .filter(([program = ""]) => /^(?:\S*\/)?knock(?:d|ctl|\.exe)?$/.test(program));
}

/** What does not fit the tables of the program that is called; undefined if all does. */
export function complaint([path = "", ...args]: readonly string[]): string | undefined {
  const program = path.replace(/^.*\//, "").replace(/\.exe$/, "");
  const rest = args.slice(program === "knockctl" ? 1 : 0).filter((word) => word !== "&");
  try {
    getopt(rest, optionsOf(program, args[0]));
    return undefined;
  } catch (error) {
    return `${[path, ...args].join(" ")}: ${(error as Error).message}`;
  }
}

function optionsOf(program: string, command = "--help"): readonly Option[] {
  if (program !== "knockctl") return plainPrograms[program] ?? [];
  if (/^-/.test(command)) {
    getopt([command], knockctlOptions);
    return [];
  }
  // A placeholder, such as COMMAND in `knockctl COMMAND --help`.
  if (command === command.toUpperCase()) return knockctlOptions;
  const options = knockctlCommands.get(command);
  if (options === undefined) throw new Error(`there is no command "${command}"`);
  return options;
}

function isPrefix(word: string): boolean {
  return word === "sudo" || word === "exec" || /^\w+=/.test(word);
}

function unquote(word: string): string {
  return word.replace(/^(["'])(.*)\1$/s, "$2");
}

// The command lines that stand in documents, read by the tables that the programs read them by.
import type { Option } from "../../src/cli/getopt.ts";
import { findOperand, getopt } from "../../src/cli/getopt.ts";
import { options as knock } from "../../src/cli/knock/command-line.ts";
import { globalOptions, optionsOf } from "../../src/cli/knockctl/command-line.ts";
import { commands } from "../../src/cli/knockctl.ts";
import { options as knockd } from "../../src/cli/knockd.ts";

export const programNames = ["knock", "knockd", "knockctl"] as const;

/** What knockctl takes before a command. */
export const knockctlOptions: readonly Option[] = globalOptions;

/** The options of knock and knockd. */
export const plainPrograms: Readonly<Record<string, readonly Option[]>> = { knock, knockd };

/** All options of each command of knockctl's. */
export const knockctlCommands: ReadonlyMap<string, readonly Option[]> = new Map(
  commands.map((command) => [command.name, optionsOf(command)]),
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
  const words = args.filter((word) => word !== "&");
  try {
    if (program === "knockctl") readKnockctl(words);
    else getopt(words, plainPrograms[program] ?? []);
    return undefined;
  } catch (error) {
    return `${[path, ...args].join(" ")}: ${(error as Error).message}`;
  }
}

function readKnockctl(args: readonly string[]): void {
  const all = [...knockctlCommands.values()].flat();
  const at = findOperand(args, all);
  const name = args[at];
  // A placeholder, such as COMMAND in `knockctl COMMAND --help`.
  if (name === undefined || name === name.toUpperCase()) {
    getopt(args, knockctlOptions);
    return;
  }
  const options = knockctlCommands.get(name);
  if (options === undefined) throw new Error(`there is no command "${name}"`);
  getopt(args.toSpliced(at, 1), [...knockctlOptions, ...options]);
}

function isPrefix(word: string): boolean {
  return word === "sudo" || word === "exec" || /^\w+=/.test(word);
}

function unquote(word: string): string {
  return word.replace(/^(["'])(.*)\1$/s, "$2");
}

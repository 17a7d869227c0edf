import { baseName, programIndex } from "../../base/command-kind.ts";
import { readFirewallCmd } from "./firewall-cmd.ts";
import { readIpset } from "./ipset.ts";
import { readIptables } from "./iptables.ts";
import { readNft } from "./nft.ts";
import type { ReadChanges, RuleChange } from "./rule-change.ts";
import { readUfw } from "./ufw.ts";
import type { CommandText, CommandWord } from "./words.ts";
import { readCommandText } from "./words.ts";

/** One simple command of a text. */
interface KnownCommand {
  /** The word that names the program, after sudo and the like; `undefined` if none does. */
  readonly program: CommandWord | undefined;
  /** The words behind it. */
  readonly words: readonly CommandWord[];
  /** What it does to a firewall; `undefined` if that is not known. */
  readonly changes: readonly RuleChange[] | undefined;
}

/** What a command of a door does, as far as it is known. */
export interface FirewallCommand {
  readonly commands: readonly KnownCommand[];
  /** The known changes, in their order. */
  readonly changes: readonly RuleChange[];
  /** Whether these changes are all that it does. */
  readonly isComplete: boolean;
  /** Whether all its commands run, one after the other, as they are written. */
  readonly isPlain: boolean;
}

const readers: ReadonlyMap<string, ReadChanges> = new Map([
  ["iptables", (words) => readIptables("iptables", words)],
  ["ip6tables", (words) => readIptables("ip6tables", words)],
  ["ufw", readUfw],
  ["firewall-cmd", readFirewallCmd],
  ["ipset", readIpset],
  ["nft", readNft],
]);

/** Programs that take the file of a script as their first word. */
export const shells: ReadonlySet<string> = new Set(["sh", "ash", "bash", "dash", "ksh", "zsh"]);

/** Returns what the text of a command does to a firewall. */
export function readFirewallCommand(text: string): FirewallCommand {
  const { commands: texts, isPlain } = withoutShells(readCommandText(text));
  const commands = texts.map(readCommand);
  const changes = commands.flatMap((command) => command.changes ?? []);
  const isComplete = isPlain && commands.every((command) => command.changes !== undefined);
  return { commands, changes, isComplete, isPlain };
}

function readCommand(words: readonly CommandWord[]): KnownCommand {
  const at = programIndex(words.map(({ text }) => text));
  const program = at === undefined ? undefined : words[at];
  if (at === undefined || program === undefined) {
    return { program: undefined, words, changes: undefined };
  }
  const name = baseName(program.text).replace(/^(ip6?tables)-(?:legacy|nft)$/, "$1");
  const rest = words.slice(at + 1);
  return { program, words: rest, changes: readers.get(name)?.(rest) };
}

/** Puts the text of `sh -c 'TEXT'` in its place. */
function withoutShells({ commands, isPlain }: CommandText): CommandText {
  const read = commands.map((words): CommandText => {
    const [program, flag, text, ...rest] = words;
    const isShell = program !== undefined && shells.has(baseName(program.text));
    if (!isShell || flag?.text !== "-c" || text === undefined || rest.length > 0) {
      return { commands: [words], isPlain: true };
    }
    const inner = readCommandText(text.text);
    const moved = inner.commands.map((some) =>
      // Behind the quote.
      some.map((word) => ({ text: word.text, at: text.at + 1 + word.at })),
    );
    return { commands: moved, isPlain: inner.isPlain };
  });
  return {
    commands: read.flatMap((one) => one.commands),
    isPlain: isPlain && read.every((one) => one.isPlain),
  };
}

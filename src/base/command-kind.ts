// Which commands may run side by side: tools that read their rules, change them and write them back lose
// a change if two of them run at once.

/**
 * These lock for each change, or change one thing in the kernel: they run side by side. They keep nothing on
 * a disk.
 */
const parallelKinds: ReadonlySet<string> = new Set(
  ["iptables", "ip6tables"]
    .flatMap((name) => [name, `${name}-legacy`, `${name}-nft`])
    .concat("nft", "ipset", "ip"),
);

/** The kind of a text that is not one simple command. */
const shellKind = "sh";

/** Words that begin something else than a simple command, or run a text that this file cannot see. */
const shellWords: ReadonlySet<string> = new Set(
  `! . [[ { } case command coproc do done elif else esac eval exec fi for function if in select source then
  time trap until while`.split(/\s+/),
);

/** Programs that run another one, and their options that take an argument of their own. */
const wrappers: ReadonlyMap<string, WrapperSyntax> = new Map([
  [
    "sudo",
    {
      short: "CDRTUghprtu",
      long: /^--(?:chdir|chroot|close-from|command-timeout|group|host|other-user|prompt|role|type|user)$/,
      operands: 0,
    },
  ],
  ["env", { short: "Cu", long: /^--(?:chdir|unset)$/, hides: /^-[^-uC]*S|^--s/, operands: 0 }],
  ["timeout", { short: "ks", long: /^--(?:kill-after|signal)$/, operands: 1 }],
]);

interface WrapperSyntax {
  readonly short: string;
  readonly long: RegExp;
  /** Options that hold the command. */
  readonly hides?: RegExp;
  /** How many words stand between the options and the program. */
  readonly operands: number;
}

/**
 * Returns the lane of a command: of those in one lane one runs at a time. Undefined if it may run beside
 * all others. `serial` is the directive of its door.
 */
export function laneOf(text: string, serial: string | undefined): string | undefined {
  if (serial !== undefined) return serial === "no" ? undefined : serial;
  const kind = commandKind(text);
  return parallelKinds.has(kind) ? undefined : kind;
}

/** Returns whether all that a command changes is in the kernel, and gone after a boot. */
export function isInKernelOnly(text: string): boolean {
  return parallelKinds.has(commandKind(text));
}

/**
 * Returns the base name of a command's first program, after assignments, sudo, env and timeout with their
 * options; `sh` for anything but one simple command.
 */
export function commandKind(text: string): string {
  const words = simpleWords(text) ?? [];
  const at = programIndex(words);
  return at === undefined ? shellKind : baseName(words[at] ?? "");
}

/**
 * Returns which word of a simple command names its first program, after assignments, sudo, env and
 * timeout with their options. `undefined` if none does.
 */
export function programIndex(words: readonly string[]): number | undefined {
  const at = words.findIndex((word) => !isAssignment(word));
  const word = words[at];
  if (word === undefined || word === "" || /^-|\$/.test(word) || shellWords.has(word)) {
    return undefined;
  }
  const name = baseName(word);
  const syntax = wrappers.get(name);
  if (syntax === undefined) return name === "" ? undefined : at;
  const rest = afterOptions(words.slice(at + 1), syntax)?.slice(syntax.operands);
  const next = rest === undefined ? undefined : programIndex(rest);
  return next === undefined ? undefined : words.length - (rest?.length ?? 0) + next;
}

/** Returns the name of a program without the directories before it. */
export function baseName(program: string): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

/** Returns what follows the options, or undefined if the command is hidden in one of them. */
function afterOptions(
  words: readonly string[],
  { short, long, hides }: WrapperSyntax,
): readonly string[] | undefined {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return words.slice(at + 1);
    if (!word.startsWith("-") || word === "-") break;
    if (hides?.test(word)) return undefined;
    if (word.startsWith("--")) {
      if (long.test(word)) at++;
      continue;
    }
    const letters = [...word.slice(1)];
    const taking = letters.findIndex((letter) => short.includes(letter));
    // The argument may stand in the same word.
    if (taking >= 0 && taking === letters.length - 1) at++;
  }
  return words.slice(at);
}

function isAssignment(word: string): boolean {
  return /^[A-Za-z_]\w*\+?=/.test(word);
}

/** A piece of a text: blanks, a comment, a redirection, or a part of a word that is plain, escaped or quoted. */
const pieces =
  /(?<blank>[ \t]+)|(?<redirection>&>>?|>>?\|?&?|<(?!<)>?&?)|(?<plain>[^\s\\'"`;&|<>()$]+|\$(?!\())|\\(?<escaped>[^\n])|'(?<single>[^'\n]*)'|"(?<double>(?:[^"\\`$\n]|\\[^\n]|\$(?!\())*)"/y;

/** Returns the words of one simple command, or undefined if `text` is anything else. */
function simpleWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let isTarget = false;
  const endWord = () => {
    if (word !== undefined && !isTarget) words.push(word);
    if (word !== undefined) isTarget = false;
    word = undefined;
  };
  pieces.lastIndex = 0;
  while (pieces.lastIndex < text.length) {
    const at = pieces.lastIndex;
    if (word === undefined && text[at] === "#") break;
    const groups = pieces.exec(text)?.groups;
    if (groups === undefined) return undefined;
    const { blank, redirection, plain, escaped, single, double } = groups;
    if (blank !== undefined) endWord();
    else if (redirection !== undefined) {
      // A number before it is the descriptor, not a word.
      if (word !== undefined && /^\d+$/.test(word)) word = undefined;
      endWord();
      isTarget = true;
    } else word = (word ?? "") + (plain ?? escaped ?? single ?? double ?? "");
  }
  endWord();
  return words;
}

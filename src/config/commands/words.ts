// The words of a command as a shell splits it, as far as commands of firewalls need that.

/** A word without its quotes, and where it begins in the text. */
export interface CommandWord {
  readonly text: string;
  readonly at: number;
}

export interface CommandText {
  /** The words of each simple command; none is empty. Redirections are left out. */
  readonly commands: readonly (readonly CommandWord[])[];
  /**
   * Whether all of them run with these very words: there are only `;` and `&&` between them, no
   * expansions but `$KNOCK_IP`, and no redirections but to /dev/null.
   */
  readonly isPlain: boolean;
}

/** A piece of a text; what none of the others takes is `other`: one character. */
const pieces =
  /(?<blank>[ \t]+)|(?<ip>\$KNOCK_IP\b|\$\{KNOCK_IP\})|(?<redirection>\d?(?:&>>?|>>?&?|<<?<?&?))|(?<separator>&&|;|\n|\|\|?|&)|(?<escaped>\\[^\n])|'(?<single>[^']*)'|"(?<double>(?:[^"\\`$]|\\[^\n]|\$KNOCK_IP\b|\$\{KNOCK_IP\})*)"|(?<plain>[^\s\\'"`;&|<>()${}*?[\]~]+|[{}~])|(?<other>.)/sy;

/** Returns the simple commands of a text. Never fails: what a shell would refuse is not plain. */
export function readCommandText(text: string): CommandText {
  const commands: CommandWord[][] = [[]];
  let isPlain = true;
  let word: { text: string; readonly at: number } | undefined;
  let isTarget = false;
  const endWord = () => {
    if (word !== undefined) {
      if (!isTarget) commands.at(-1)?.push(word);
      else if (word.text !== "/dev/null" && !/^[12]$/.test(word.text)) isPlain = false;
      isTarget = false;
    }
    word = undefined;
  };
  pieces.lastIndex = 0;
  while (pieces.lastIndex < text.length) {
    const at = pieces.lastIndex;
    if (word === undefined && text[at] === "#") break;
    const groups = pieces.exec(text)?.groups;
    if (groups === undefined) break;
    const { blank, redirection, separator, ip, escaped, single, double, plain, other } = groups;
    if (blank !== undefined) endWord();
    else if (redirection !== undefined) {
      endWord();
      isTarget = true;
    } else if (separator !== undefined) {
      endWord();
      commands.push([]);
      if (separator !== "&&" && separator !== ";") isPlain = false;
    } else {
      if (other !== undefined) isPlain = false;
      const quoted = double
        ?.replace(/\$KNOCK_IP\b|\$\{KNOCK_IP\}/g, "%IP%")
        .replace(/\\(.)/g, "$1");
      const part = (ip && "%IP%") ?? escaped?.slice(1) ?? single ?? quoted ?? plain ?? other ?? "";
      word = { text: (word?.text ?? "") + part, at: word?.at ?? at };
    }
  }
  endWord();
  return { commands: commands.filter((words) => words.length > 0), isPlain };
}

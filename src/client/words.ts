import { KnockError } from "../base/errors.ts";

/**
 * The words of a line. Quotes of either kind keep blanks and the other kind, within a word, too; there
 * are no escapes, so that `C:\keys` needs none. A word that begins with `#` ends the line.
 * Throws `USAGE` if a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/y;
  let end = 0;
  for (;;) {
    const match = pattern.exec(line);
    if (match === null) break;
    const [, word = ""] = match;
    if (word.startsWith("#")) return words;
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
    end = pattern.lastIndex;
  }
  if (line.slice(end).trim() !== "") throw new KnockError("USAGE", "a quote is not closed");
  return words;
}

/** The text that `splitWords` reads back as this one word. Throws `USAGE` if it has a line end: no line can hold that. */
export function quoteWord(word: string): string {
  if (/[\r\n]/.test(word)) throw new KnockError("USAGE", "a line end cannot be saved");
  // An equals sign at the beginning would be taken for that after a keyword.
  if (word !== "" && !/^=|[\s"'#]/.test(word)) return word;
  if (!word.includes('"')) return `"${word}"`;
  if (!word.includes("'")) return `'${word}'`;
  return word.replace(/"+|[^"]+/g, (part) => (part.startsWith('"') ? `'${part}'` : `"${part}"`));
}

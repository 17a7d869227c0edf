import { KnockError } from "../base/errors.ts";

/**
 * Splits a line into words. Single and double quotes protect blanks and the other kind, also within a word. There
 * are no escapes, so that `C:\keys` needs none. A word that begins with `#` ends the line. Throws `USAGE` if a quote
 * is not closed.
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

/** Returns the text that `splitWords` reads back as this word. Throws `USAGE` if it has a line end. */
export function quoteWord(word: string): string {
  if (/[\r\n]/.test(word)) throw new KnockError("USAGE", "a line end cannot be saved");
  // An initial equals sign would be read as the one after a keyword.
  if (word !== "" && !/^=|[\s"'#]/.test(word)) return word;
  if (!word.includes('"')) return `"${word}"`;
  if (!word.includes("'")) return `'${word}'`;
  return word.replace(/"+|[^"]+/g, (part) => (part.startsWith('"') ? `'${part}'` : `"${part}"`));
}

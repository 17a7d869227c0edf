// Mends what a word processor or a web page made of dashes, quotes and blanks.
import { invisible, nameCharacter } from "../lines.ts";

/** Something to be said of one place of the file. */
export interface Note {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** Characters of one kind in one line. */
export interface Repair {
  readonly line: number;
  /** `a typographic dash` */
  readonly name: string;
  /** The first word that has one, and what it becomes. */
  readonly found: string;
  readonly meant: string;
}

const typographic = [
  // One dash before a letter stands for two, unless it is an option of one letter.
  { found: /[\u2010-\u2015\u2212](?=\p{L}{2})/gu, meant: "--", name: "a typographic dash" },
  { found: /[\u2010-\u2015\u2212](?=\p{L}\b)/gu, meant: "-", name: "a typographic dash" },
  { found: /[\u201c-\u201f\u00ab\u00bb]/gu, meant: '"', name: "a typographic quote" },
  { found: /[\u2018-\u201b]/gu, meant: "'", name: "a typographic quote" },
  {
    found: /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu,
    meant: " ",
    name: "a no-break space",
  },
  { found: invisible, meant: "", name: "an invisible character" },
];

/** Writes plain characters in all lines but comments, and tells what changed in which line. Pure. */
export function repair(text: string): {
  readonly text: string;
  readonly repairs: readonly Repair[];
} {
  const repairs: Repair[] = [];
  const [, mark = "", rest = text] = /^(\uFEFF)(.*)$/s.exec(text) ?? [];
  const lines = rest.split("\n").map((line, i) => {
    if (line.trimStart().startsWith("#")) return line;
    const names = new Set<string>();
    return typographic.reduce((before, { found, meant, name }) => {
      const after = before.replace(found, meant);
      if (after !== before && !names.has(name)) {
        names.add(name);
        const [first = "", second = ""] = difference(before, found, meant);
        repairs.push({ line: i + 1, name, found: first, meant: second });
      }
      return after;
    }, line);
  });
  return { text: mark + lines.join("\n"), repairs };
}

/** The first word with such a character, visibly, and what becomes of it. */
function difference(line: string, found: RegExp, meant: string): [string, string] {
  const at = line.search(found);
  const character = line[at] ?? "";
  if (!/[\p{Pd}\p{Pi}\p{Pf}\u2212\u201e\u201a]/u.test(character)) {
    return [nameCharacter("the character", character), meant === " " ? "an ordinary blank" : meant];
  }
  const word = line.slice(at).split(/\s/, 1)[0] ?? "";
  return [word, word.replace(found, meant)];
}

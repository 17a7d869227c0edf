// Mends what a word processor made of dashes and quotes.

/** Something to be said of one place of the file. */
export interface Note {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

const typographic = [
  // One dash before a letter stands for two, unless it is an option of one letter.
  { found: /[\u2010-\u2015\u2212](?=\p{L}{2})/gu, meant: "--", name: "a typographic dash" },
  { found: /[\u2010-\u2015\u2212](?=\p{L}\b)/gu, meant: "-", name: "a typographic dash" },
  { found: /[\u201c-\u201f\u00ab\u00bb]/gu, meant: '"', name: "a typographic quote" },
  { found: /[\u2018-\u201b]/gu, meant: "'", name: "a typographic quote" },
];

/** Writes - and " in all lines but comments, and notes each line that changed. Pure. */
export function repair(text: string): { text: string; notes: Note[] } {
  const notes: Note[] = [];
  const lines = text.split("\n").map((line, i) => {
    if (line.trimStart().startsWith("#")) return line;
    const names = new Set<string>();
    const mended = typographic.reduce((before, { found, meant, name }) => {
      const after = before.replace(found, meant);
      if (after !== before) names.add(name);
      return after;
    }, line);
    for (const name of names) notes.push({ line: i + 1, text: `repaired ${name}` });
    return mended;
  });
  return { text: lines.join("\n"), notes };
}

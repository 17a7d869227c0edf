/** Characters that take two columns of a terminal: Unicode Standard Annex 11, classes W and F. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Characters that take no column: marks, and the vowels and finals that complete a Hangul syllable. */
const narrow = /[\p{M}\u1160-\u11ff]/u;

/** Returns how many columns of a terminal `text` takes. Its control characters count as one each. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += charWidth(character);
  return width;
}

/** Returns the longest start of `text` that takes at most `columns` columns. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += charWidth(character);
    if (width > columns) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Returns `text`, or if it takes more than `columns` columns its start and `…`. */
export function shortenTo(text: string, columns: number): string {
  return textWidth(text) > columns ? `${cutToWidth(text, columns - 1)}…` : text;
}

function charWidth(character: string): number {
  // Nearly all text is ASCII.
  if (character < "\u0300") return 1;
  if (narrow.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

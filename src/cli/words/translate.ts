// Messages that arrive in English, from the daemon or the readers of files, and are shown in Korean.

/**
 * Korean by English. Gaps of the English text: `{}` takes any text, `{w}` a word without blanks, `{n}` a number. `{1}`
 * is the first of them in the Korean text.
 */
export type KoreanTexts = Readonly<Record<string, string>>;

/** Returns a text in Korean. What no table has stays English. */
export type Translator = (text: string) => string;

interface Template {
  readonly pattern: RegExp;
  /** The longest part between two gaps: a text without it does not match. */
  readonly part: string;
  readonly korean: string;
}

/** Returns a translator with these tables, which it compiles when it is first needed. */
export function translator(...tables: readonly KoreanTexts[]): Translator {
  let templates: readonly Template[] | undefined;
  return (text) => {
    templates ??= compile(tables);
    return new Translation(templates).translate(text);
  };
}

/** Those with the most letters of their own come first: `{}, but {}` must not take what another says exactly. */
function compile(tables: readonly KoreanTexts[]): readonly Template[] {
  return tables
    .flatMap((table) => Object.entries(table))
    .map(([english, korean]) => ({ english, parts: english.split(gap), korean }))
    .sort((a, b) => b.parts.join("").length - a.parts.join("").length)
    .map(({ english, parts, korean }) => ({
      pattern: makePattern(english),
      part: parts.reduce((longest, part) => (part.length > longest.length ? part : longest)),
      korean,
    }));
}

const gap = /\{[nw]?\}/;
const gaps: KoreanTexts = { "{}": "(.*?)", "{w}": "(\\S+?)", "{n}": "(\\d[\\d,.]*)" };

function makePattern(english: string): RegExp {
  const pieces = english.split(/(\{[nw]?\})/).map((piece) => gaps[piece] ?? escapePattern(piece));
  return new RegExp(`^${pieces.join("")}$`, "su");
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}]/g, "\\$&");
}

class Translation {
  readonly #templates: readonly Template[];

  constructor(templates: readonly Template[]) {
    this.#templates = templates;
  }

  /** Translates a text or each of its lines; `FILE:LINE:COLUMN: ` before it, and blanks around it, stay. */
  translate(text: string): string {
    const [, before = "", core = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
    const [, place = "", kind = "", rest = ""] =
      /^(\/\S*?(?::\d+){1,2}: )?(warning: |error: |hint: )?(.*)$/s.exec(core) ?? [];
    const whole = this.#find(rest);
    if (whole !== undefined) return `${before}${place}${kinds[kind] ?? ""}${whole}${after}`;
    if (core.includes("\n"))
      return text
        .split("\n")
        .map((line) => this.translate(line))
        .join("\n");
    return `${before}${place}${kinds[kind] ?? ""}${this.#fill(rest)}${after}`;
  }

  #find(text: string): string | undefined {
    for (const { pattern, part, korean } of this.#templates) {
      const found = text.includes(part) ? pattern.exec(text) : null;
      if (found === null) continue;
      return korean.replace(/(["'[]?)\{(\d)\}/g, (_, quote: string, nth: string) => {
        const value = found[Number(nth)] ?? "";
        // What stands in quotes or brackets is a name, or what was typed.
        return `${quote}${quote === "" ? this.#fill(value) : value}`;
      });
    }
    return undefined;
  }

  /** Returns what stands in a gap: a message, several, or a name. */
  #fill(text: string): string {
    const found = this.#find(text);
    if (found !== undefined) return found;
    if (durationPattern.test(text)) return koreanDuration(text);
    if (/^\S+(?: or \S+)+$/.test(text)) return text.replaceAll(" or ", ", ");
    for (const separator of ["; ", ", ", " and ", ": "]) {
      const parts = text.split(separator);
      if (parts.length < 2) continue;
      const translated = parts.map((part) => this.#fill(part));
      if (translated.some((part, i) => part !== parts[i])) {
        return translated.join(separator === " and " ? ", " : separator);
      }
    }
    return text;
  }
}

const kinds: KoreanTexts = { "warning: ": "경고: ", "error: ": "오류: ", "hint: ": "힌트: " };

const units: KoreanTexts = { ms: "밀리초", s: "초", m: "분", h: "시간", d: "일" };

const durationPattern = /^\d+(?:\.\d+)?(?:ms|[smhd])(?: \d+[smhd])*$/;

/** Returns a length of time such as `1h 5m` in Korean. */
export function koreanDuration(time: string): string {
  return time.replace(/(?<=\d)(?:ms|[smhd])\b/g, (unit) => units[unit] ?? unit);
}

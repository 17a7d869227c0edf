import type { ConsoleWord } from "./english.ts";
import { english } from "./english.ts";
import { korean } from "./korean.ts";

export const consoleWords: readonly ConsoleWord[] = Object.keys(english) as ConsoleWord[];

const languages = { en: english, ko: korean };

export type ConsoleLanguage = keyof typeof languages;

/** The first of these languages (`ko-KR`) that the page speaks, or English. */
export function chooseLanguage(preferred: readonly string[]): ConsoleLanguage {
  const known = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find((tag): tag is ConsoleLanguage => tag === "en" || tag === "ko") ?? "en";
}

export type WordValues = Readonly<Record<string, string | number>>;

/** Says something, with values put in for `{names}`. */
export function sayIn(
  language: ConsoleLanguage,
  word: ConsoleWord,
  values: WordValues = {},
): string {
  const put = (_: string, name: string) => String(values[name] ?? "");
  return languages[language][word].replace(/\{(\w+)\}/g, put);
}

const units = [
  { ms: 86_400_000, en: "d", ko: "일" },
  { ms: 3_600_000, en: "h", ko: "시간" },
  { ms: 60_000, en: "m", ko: "분" },
  { ms: 1000, en: "s", ko: "초" },
] as const;

/** Returns a length of time in its two largest units, in whole seconds: `4m 12s`. */
export function sayTime(language: ConsoleLanguage, milliseconds: number): string {
  const whole = Math.max(0, Math.ceil(milliseconds / 1000) * 1000);
  const first = units.findIndex(({ ms }) => whole >= ms);
  if (first < 0) return language === "ko" ? "0초" : "0s";
  let rest = whole;
  const parts = units.slice(first, first + 2).flatMap((unit) => {
    const count = Math.floor(rest / unit.ms);
    rest -= count * unit.ms;
    return count === 0 ? [] : [`${count}${unit[language]}`];
  });
  return parts.join(" ");
}

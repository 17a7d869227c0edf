import { messageLanguage } from "./catalogue.ts";
import type { KoreanTexts } from "./translate.ts";
import { translator } from "./translate.ts";

/** Returns a text in the language of the moment. */
export type Localizer = (text: string) => string;

export function localizer(...tables: readonly KoreanTexts[]): Localizer {
  const translate = translator(...tables);
  return (text) => (messageLanguage() === "ko" ? translate(text) : text);
}

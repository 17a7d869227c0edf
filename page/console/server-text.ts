// What the daemon and the console say in English, in the language of the page.
import { consoleKorean } from "../../src/cli/words/korean/console.ts";
import { daemonKorean } from "../../src/cli/words/korean/daemon.ts";
import { errnoKorean } from "../../src/cli/words/korean/errno.ts";
import { firewallKorean } from "../../src/cli/words/korean/firewall.ts";
import { requestsKorean } from "../../src/cli/words/korean/requests.ts";
import { systemKorean } from "../../src/cli/words/korean/system.ts";
import { translator } from "../../src/cli/words/translate.ts";
import { plain } from "./plain.ts";
import type { ConsoleLanguage } from "./words.ts";

const translate = translator(
  consoleKorean,
  daemonKorean,
  errnoKorean,
  firewallKorean,
  requestsKorean,
  systemKorean,
);

/** A text that the page did not make, as it is shown, and its language. */
export interface ServerText {
  readonly text: string;
  readonly lang: ConsoleLanguage;
}

/** Returns a text of the daemon or the console as the page shows it. What has no Korean stays English. */
export function sayServerText(language: ConsoleLanguage, text: string): ServerText {
  const english = plain(text);
  const shown = language === "ko" ? translate(english) : english;
  return { text: shown, lang: shown === english ? "en" : "ko" };
}

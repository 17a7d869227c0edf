import { afterEach, describe, expect, test, vi } from "vitest";
import { formatEvent, lastResort } from "../knockctl/init/output.ts";
import { catalogues, messageLanguage } from "./catalogue.ts";
import { doctorWords } from "./doctor.ts";
import { labelWords } from "./error.ts";
import { initWords } from "./init.ts";
import { knockWords } from "./knock.ts";
import { trialWords } from "./trial.ts";

/** Returns a message as a text, with numbered words in its gaps. */
function textOf(message: unknown): string {
  if (typeof message !== "function") return String(message);
  const gaps = Array.from({ length: message.length }, (_, i) => `gap${i}`);
  try {
    return String(message(...gaps));
  } catch {
    // The last gap takes a list.
    return String(message(...gaps.slice(0, -1), [gaps.at(-1)]));
  }
}

test.each([
  [{}, "en"],
  [{ LANG: "ko_KR.UTF-8" }, "ko"],
  [{ LANG: "ko" }, "ko"],
  [{ LANG: "ko_KR.utf8" }, "ko"],
  [{ LANG: "ko_KR.eucKR" }, "en"],
  [{ LC_ALL: "ko_KR.UTF-8", LC_MESSAGES: "C", LANG: "C" }, "ko"],
  [{ LC_MESSAGES: "C", LANG: "ko_KR.UTF-8" }, "en"],
  [{ LC_MESSAGES: "", LANG: "ko_KR.UTF-8" }, "ko"],
  [{ LANG: "kok_IN" }, "en"],
  [{ LANG: "ko_KR.UTF-8", LC_ALL: "C.UTF-8" }, "en"],
  [{ LANG: "en_US.UTF-8", LC_MESSAGES: "ko_KR.UTF-8" }, "ko"],
  [{ LANG: "ko_KR.UTF-8", LC_ALL: "" }, "ko"],
])("%o asks for %s", (env, language) => {
  expect(messageLanguage(env)).toBe(language);
});

describe("each message", () => {
  const messages = catalogues.flatMap(({ en, ko }) => {
    const korean = new Map(Object.entries(ko));
    return Object.entries(en).map(([name, text]) => [name, text, korean.get(name)] as const);
  });

  test("is in a catalogue that this test sees", () => {
    const known = [trialWords, initWords, knockWords, doctorWords, labelWords].map((words) =>
      words(),
    );
    expect(new Set<object>(known)).toEqual(new Set(catalogues.map(({ en }) => en)));
    expect(messages.length).toBeGreaterThan(70);
  });

  test.each(messages)("%s has both languages, with the same gaps", (_, en, ko) => {
    const [english, korean] = [textOf(en), textOf(ko)];
    expect(english).not.toMatch(/\p{Script=Hangul}/u);
    expect(korean).toMatch(/\p{Script=Hangul}/u);
    const gaps = (text: string) => [...new Set(text.match(/gap\d/g) ?? [])].sort();
    expect(gaps(korean)).toEqual(gaps(english));
  });
});

describe("with LANG=ko_KR.UTF-8", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("knockctl speaks Korean, and shows the same commands", () => {
    vi.stubEnv("LC_ALL", "");
    vi.stubEnv("LC_MESSAGES", "");
    vi.stubEnv("LANG", "ko_KR.UTF-8");
    expect(formatEvent({ kind: "reloaded" }, "/etc/knockd.conf")).toEqual([
      "knockd가 설정을 다시 읽었습니다",
    ]);
    expect(lastResort("")).toContain("knockctl unprotect\n        모든 접속을 다시 받습니다.");
  });
});

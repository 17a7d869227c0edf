import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ConsoleWord } from "../../page/console/english.ts";
import { EventText } from "../../page/console/event-text.ts";
import { sayServerText } from "../../page/console/server-text.ts";
import { chooseLanguage, consoleWords, sayIn, sayTime } from "../../page/console/words.ts";

/** What `npm run build` made. */
const folder = join(import.meta.dirname, "../../dist/page/console");
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const [html, style] = [read("index.html"), read("console.css")];
// Without the breaks of long lines within texts.
const script = read("console.js").replaceAll("\\\n", "");

describe("the console's page", () => {
  test("is small", () => {
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000);
  });

  test("refers to nothing outside itself, and has no script or style in its text", () => {
    const references = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, value]) => value);
    expect(references).toEqual(["/icon.svg", "/console.css", "/console.js", "#lease-part"]);
    expect(html).not.toMatch(/<script(?! type="module" src)|<style|\son\w+="|\sstyle="/);
    expect(style).not.toMatch(/url\(|@import/);
    expect(script).not.toMatch(
      /\bimport\b|\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.(?:cookie|write)|localStorage|https?:\/\/(?!www\.w3\.org\/2000\/svg|www\.example\.org)/,
    );
  });

  test("has a word for every place, and no word too many", () => {
    const places = [...html.matchAll(/data-word="(\w+)"/g)].map(([, word]) => word as ConsoleWord);
    expect(places.length).toBeGreaterThan(10);
    const quoted = new Set([...script.matchAll(/"(\w+)"/g)].map(([, word]) => word));
    /** States of leases, which the daemon names. */
    const states: ConsoleWord[] = ["opening", "closing"];
    const used = consoleWords.filter(
      (word) => places.includes(word) || quoted.has(word) || states.includes(word),
    );
    expect(places.filter((word) => !consoleWords.includes(word))).toEqual([]);
    expect(used).toEqual(consoleWords);
  });
});

test("what the daemon says is in the language of the page, as far as there is Korean", () => {
  const blocked = "ufw blocks tcp/22, also for sources that have knocked";
  expect(sayServerText("en", blocked)).toEqual({ text: blocked, lang: "en" });
  expect(sayServerText("ko", blocked)).toEqual({
    text: "ufw: 노크한 주소도 tcp/22 서비스에 접속하지 못하게 막습니다",
    lang: "ko",
  });
  expect(sayServerText("ko", "alice/phone has a key already").lang).toBe("ko");
  expect(sayServerText("ko", "iptables: \u202eno chain")).toEqual({
    text: "iptables: ?no chain",
    lang: "en",
  });
});

test("the events of its stream are found wherever the stream is cut", () => {
  const events = [": console", 'data: {"a":1}', "data: {}"];
  const stream = events.map((event) => `${event}\n\n`).join("");
  for (let i = 0; i <= stream.length; i++) {
    for (let j = i; j <= stream.length; j++) {
      const text = new EventText();
      const pieces = [stream.slice(0, i), stream.slice(i, j), stream.slice(j)];
      expect(pieces.flatMap((piece) => text.push(piece))).toEqual(events);
    }
  }
});

describe("its words", () => {
  test("are Korean for those who prefer that", () => {
    expect([chooseLanguage(["ko-KR", "en"]), chooseLanguage(["de"])]).toEqual(["ko", "en"]);
  });

  test("both languages have the same values in every word", () => {
    const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    const all = consoleWords.flatMap((word) => names(sayInSource(word)));
    expect(all.length).toBeGreaterThan(30);
    const unchanged = Object.fromEntries(all.map((name) => [name.slice(1, -1), name]));
    for (const word of consoleWords) {
      const [english, korean] = [sayIn("en", word, unchanged), sayIn("ko", word, unchanged)];
      expect([word, names(korean)]).toEqual([word, names(english)]);
      expect(korean).toMatch(/\p{Script=Hangul}/u);
    }
  });

  test.each([
    [0, "0s", "0초"],
    [1, "1s", "1초"],
    [252_000, "4m 12s", "4분 12초"],
    [3_600_000, "1h", "1시간"],
    [90_061_000, "1d 1h", "1일 1시간"],
  ])("%i ms are %s and %s", (milliseconds, english, korean) => {
    expect([sayTime("en", milliseconds), sayTime("ko", milliseconds)]).toEqual([english, korean]);
  });
});

/** A word with the names of its values. */
function sayInSource(word: ConsoleWord): string {
  const name = /\{(\w+)\}/g;
  const source = readFileSync(join(import.meta.dirname, "../../page/console/english.ts"), "utf8");
  const [, text = ""] = new RegExp(`^  ${word}:\\s+"(.*)"`, "m").exec(source) ?? [];
  return [...text.matchAll(name)].map(([one]) => one).join("");
}

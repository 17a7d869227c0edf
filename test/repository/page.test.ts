import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PageWord } from "../../page/words.ts";
import { choose, say, words } from "../../page/words.ts";

const root = join(import.meta.dirname, "../..");
/** What `npm run build` made. */
const page = readFileSync(join(root, "dist/page/index.html"), "utf8");
const [, style = ""] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
const [, script = ""] = /<script type="module">(.*?)<\/script>/s.exec(page) ?? [];

describe("the page", () => {
  test("is small", () => {
    expect(Buffer.byteLength(page)).toBeLessThan(60_000);
  });

  test("refers to nothing outside itself", () => {
    const references = [...page.matchAll(/\s(?:href|src|srcset|action|content)="([^"]*)"/g)];
    const addresses = references
      .map(([, value = ""]) => value)
      .filter((value) => /[:/]/.test(value));
    expect(addresses.filter((one) => !/^(?:data:|default-src |\(prefers)/.test(one))).toEqual([]);
    expect(style).not.toMatch(/url\(|@import/);
    expect(script).not.toMatch(
      /\bimport\b|\beval\b|innerHTML|localStorage|sessionStorage|document\.cookie/,
    );
  });

  test("lets nothing else run, and loads nothing", () => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const hash = (text: string) => createHash("sha256").update(text).digest("base64");
    expect(policy).toBe(
      `default-src 'none'; script-src 'sha256-${hash(script)}'; style-src 'sha256-${hash(style)}'; ` +
        "img-src data:; manifest-src data:; connect-src http: https:; worker-src 'self'; base-uri 'none'; form-action 'none'",
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/\son\w+="|\sstyle="/);
  });

  test("has a word for every place", () => {
    const places = [...page.matchAll(/data-word="(\w+)"/g)].map(([, word]) => word as PageWord);
    expect(places.length).toBeGreaterThan(10);
    for (const place of places) expect(words).toContain(place);
  });

  test("can be read by somebody who wonders what it does", () => {
    const longest = Math.max(...script.split("\n").map((line) => line.length));
    expect(longest).toBeLessThan(400);
  });
});

describe("its words", () => {
  test.each([
    [["ko-KR", "en"], "ko"],
    [["de", "ko"], "ko"],
    [["de-AT", "en-GB", "ko"], "en"],
    [["KO"], "ko"],
    [["kok"], "en"],
    [[], "en"],
  ] as const)("%j: %s", (preferred, language) => {
    expect(choose(preferred)).toBe(language);
  });

  test("values are put in", () => {
    expect(say("en", "knocking", { number: 2, count: 3 })).toBe("Knocking: step 2 of 3");
    expect(say("ko", "knocking", { number: 2, count: 3 })).toBe("노크하는 중: 3단계 중 2단계");
  });

  test("both languages have the same values in every word", () => {
    const values = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    const unchanged = {
      number: "{number}",
      count: "{count}",
      port: "{port}",
      ports: "{ports}",
      link: "{link}",
      badPorts: "{badPorts}",
    };
    for (const word of words) {
      const [english, korean] = [say("en", word, unchanged), say("ko", word, unchanged)];
      expect([word, values(korean)]).toEqual([word, values(english)]);
      expect(korean).toMatch(/\p{Script=Hangul}/u);
    }
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { knockVectors } from "../../test/support/knock-vectors.ts";
import type { KnockLink } from "./link.ts";
import { formatLink, parseLink } from "./link.ts";

const { key } = knockVectors.keys;
const full: KnockLink = {
  ...{ key, host: "server.example.org", port: 23_547, door: "ssh", name: "home", wait: 22 },
  addresses: ["192.0.2.10", "2001:db8::10"],
  openFor: 3600,
};
const text = `sesame:#key=${key}&host=server.example.org&port=23547&door=ssh&name=home&wait=22&address=192.0.2.10,2001:db8::10&for=3600`;

describe("a link", () => {
  test("has all that a client needs", () => {
    expect(formatLink(full)).toBe(text);
    expect(parseLink(text)).toEqual(full);
  });

  test("completes a key that the client made", () => {
    const { key: _, wait: __, openFor: ___, ...rest } = { ...full, addresses: [] };
    const short = "sesame:#host=server.example.org&port=23547&door=ssh&name=home";
    expect(formatLink(rest)).toBe(short);
    expect(parseLink(short)).toEqual(rest);
  });

  test.each([
    ["with blanks around it", ` ${text}\n`],
    ["of a page", text.replace("sesame:", "https://knock.example.org/")],
    ["without what stands before the fragment", text.replace("sesame:#", "")],
    ["with parts that a later version adds", `${text}&colour=blue`],
  ])("%s is read", (_, link) => {
    expect(parseLink(link)).toEqual(full);
  });

  test.each([
    ["key", "key=key1:AAAA"],
    ["key", `key=${knockVectors.keys.lock}`],
    ["host", "host="],
    ["host", "host=a b"],
    ["port", "port=0"],
    ["port", "port=65536"],
    ["door", "door="],
    ["door", "door=a%0Ab"],
    ["name", "name=%E2%80%AE"],
    ["name", `name=${"x".repeat(61)}`],
    ["wait", "wait=ssh"],
    ["addresses", "address=server.example.org"],
    ["openFor", "for=0"],
    ["openFor", "for=1h"],
    ["openFor", "for=16777216"],
  ])("is refused for its %s: %s", (problem, part) => {
    const [name = ""] = part.split("=");
    expect(parseLink(text.replace(new RegExp(`\\b${name}=[^&]*`), part))).toBe(problem);
  });

  test("is read as it was written", () => {
    const line = fc
      .string({ unit: "binary", maxLength: 30 })
      .map((one) => one.replace(/[\p{C}\s]+/gu, " ").trim())
      .filter((one) => one !== "");
    const port = fc.integer({ min: 1, max: 65_535 });
    const links = fc.record({
      ...{ host: fc.domain(), port, door: line, name: line, wait: port },
      openFor: fc.integer({ min: 1, max: 0xffffff }),
      addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(links, (link) => {
        expect(parseLink(formatLink(link))).toEqual(link);
      }),
      { numRuns: tries(200) },
    );
  });
});

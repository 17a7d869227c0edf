import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bracketed, readHost } from "../base/host.ts";
import { usualPace } from "./pace.ts";
import type { PageProfile } from "./profile.ts";
import { decodeProfile, encodeProfile, readProfile } from "./profile.ts";

const port = fc.integer({ min: 1, max: 65535 });
const host = fc
  .oneof(fc.domain(), fc.ipV4(), fc.ipV6())
  .map((text) => readHost(text))
  .filter((text) => text !== undefined);
const profile: fc.Arbitrary<PageProfile> = fc.record(
  {
    name: fc
      .string({ unit: "grapheme", maxLength: 30 })
      .map((text) => text.replace(/[\p{C}\s]+/gu, " ").trim())
      .filter((text) => [...text].length <= 60),
    host,
    ports: fc.array(port, { minLength: 1, maxLength: 32 }),
    service: port,
    pace: fc.integer({ min: 700, max: usualPace }),
  },
  { requiredKeys: ["name", "host", "ports"] },
);

test("a fragment is what people can read", () => {
  const ports = [7003, 9140, 8455];
  expect(
    encodeProfile({ name: "ssh", host: "server.example.org", ports, service: 22, pace: 800 }),
  ).toBe("knock=7003,9140,8455&host=server.example.org&name=ssh&service=tcp/22&pace=800");
  expect(encodeProfile({ name: "", host: "2001:db8::1", ports })).toBe(
    "knock=7003,9140,8455&host=2001:db8::1",
  );
  expect(encodeProfile({ name: "a & b=c+d #e", host: "h", ports: [1] })).toBe(
    "knock=1&host=h&name=a%20%26%20b%3Dc%2Bd%20%23e",
  );
});

test("every profile comes back from its fragment, and from an address that has it", () => {
  fc.assert(
    fc.property(profile, fc.webUrl({ withFragments: false }), (one, url) => {
      const fragment = encodeProfile(one);
      expect(decodeProfile(fragment)).toEqual(one);
      expect(decodeProfile(`#${fragment}`)).toEqual(one);
      expect(decodeProfile(` ${url}#${fragment}\n`)).toEqual(one);
      // No browser, and no messenger, changes or cuts it.
      expect(new URL(`${url}#${fragment}`).hash).toBe(`#${fragment}`);
    }),
  );
});

test("no text at all makes it throw, and what it reads can be written", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webFragments(),
        fc.string().map((x) => `knock=1&host=${x}`),
      ),
      (text) => {
        const found = decodeProfile(text);
        if (typeof found === "object") expect(decodeProfile(encodeProfile(found))).toEqual(found);
      },
    ),
  );
});

test.each([
  ["", undefined],
  ["#", undefined],
  ["https://www.example.org/knock.html", undefined],
  ["knock=7000", "host"],
  ["knock=7000&host=", "host"],
  ["knock=7000&host=a/b", "host"],
  ["knock=7000&host=user@server", "host"],
  ["knock=7000&host=server:80", "host"],
  ["knock=7000&host=1.2.3.4.5", "host"],
  ["knock=7000&host=:::", "host"],
  ["knock=&host=h", "ports"],
  ["knock=70000&host=h", "ports"],
  ["knock=7000:udp&host=h", "ports"],
  [`knock=${Array(33).fill(1).join()}&host=h`, "ports"],
  ["knock=7000&host=h&service=udp/53", "service"],
  ["knock=7000&host=h&service=0", "service"],
  ["knock=7000&host=h&pace=1", "pace"],
  ["knock=7000&host=h&pace=9999", "pace"],
])("%j: %s", (text, problem) => {
  expect(decodeProfile(text)).toBe(problem);
});

describe("what people type", () => {
  const typed = { name: "", host: "h", ports: "1", service: "", pace: "" };

  test.each(["7003,9140,8455", " 7003, 9140 ,8455 ", "7003 9140 8455"])("ports as %j", (ports) => {
    expect(readProfile({ ...typed, ports })).toEqual({
      name: "",
      host: "h",
      ports: [7003, 9140, 8455],
    });
  });

  test.each(["443", " tcp/443 ", "TCP/443"])("a service as %j", (service) => {
    expect(readProfile({ ...typed, service })).toEqual({
      name: "",
      host: "h",
      ports: [1],
      service: 443,
    });
  });

  test.each([
    [" Server.Example.ORG ", "server.example.org"],
    ["192.0.2.7", "192.0.2.7"],
    ["[2001:DB8::1]", "2001:db8::1"],
    ["서버.example", "xn--hk3b17f.example"],
  ])("a host as %j", (text, expected) => {
    expect(readHost(text)).toBe(expected);
    expect(new URL(`http://${bracketed(expected)}:7000/`).port).toBe("7000");
  });

  test("a name with line breaks, and a long one", () => {
    const name = (text: string) => readProfile({ ...typed, name: text });
    expect(name(" a\n\tb\u202e ")).toMatchObject({ name: "a b" });
    expect(name("x".repeat(100))).toMatchObject({ name: "x".repeat(60) });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Address,
  commonNetworks,
  contains,
  formatNetwork,
  parseAddress,
  parseNetwork,
} from "./address.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const anyV6 = fc
  .tuple(...[0, 1, 2, 3].map(() => fc.oneof(word, fc.constantFrom(0, 1, 0x10000, 0xffff))))
  .map(([w0 = 0, w1 = 0, w2 = 0, w3 = 0]) => new Address(w0, w1, w2, w3));
const anyV4 = word.map((bits) => Address.v4(bits));

describe("parseAddress reads", () => {
  test.each<[string, number[]]>([
    ["0.0.0.0", [0, 0, 0xffff, 0]],
    ["192.0.2.1", [0, 0, 0xffff, 0xc0000201]],
    ["255.255.255.255", [0, 0, 0xffff, 0xffffffff]],
    ["::", [0, 0, 0, 0]],
    ["::1", [0, 0, 0, 1]],
    ["1::", [0x10000, 0, 0, 0]],
    ["2001:db8::8a2e:370:7334", [0x20010db8, 0, 0x8a2e, 0x03707334]],
    ["2001:DB8:0:0:0:0:0:0001", [0x20010db8, 0, 0, 1]],
    ["1:2:3:4:5:6:7:8", [0x10002, 0x30004, 0x50006, 0x70008]],
    ["1:2:3:4:5:6:7::", [0x10002, 0x30004, 0x50006, 0x70000]],
    ["::2:3:4:5:6:7:8", [0x2, 0x30004, 0x50006, 0x70008]],
    ["::ffff:192.0.2.1", [0, 0, 0xffff, 0xc0000201]],
    ["::ffff:c000:201", [0, 0, 0xffff, 0xc0000201]],
    ["64:ff9b::192.0.2.33", [0x64ff9b, 0, 0, 0xc0000221]],
    ["1:2:3:4:5:6:255.0.0.1", [0x10002, 0x30004, 0x50006, 0xff000001]],
    ["fe80::1%eth0", [0xfe800000, 0, 0, 1]],
    ["fe80::1%", [0xfe800000, 0, 0, 1]],
  ])("%s", (text, words) => {
    const { w0, w1, w2, w3 } = parseAddress(text) ?? {};
    expect([w0, w1, w2, w3]).toEqual(words);
  });
});

test.each([
  "",
  " ",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "010.0.0.1",
  "1.2.3.4 ",
  "10.0.0.1%eth0",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  ":::",
  "1::2::3",
  "12345::",
  "::g",
  "%eth0",
  "localhost",
  "[::1]",
])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

describe("an address is written as RFC 5952 asks:", () => {
  test.each([
    ["2001:0db8::0001", "2001:db8::1", "§4.1: no leading zeros"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "§4.2.1: as short as possible"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "§4.2.2: one group stays"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "§4.2.3: the longest run"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "§4.2.3: the first of equal runs"],
    ["2001:DB8::ABCD", "2001:db8::abcd", "§4.3: lower case"],
    ["0:0:0:0:0:0:0:0", "::", "nothing but zeros"],
    ["1:0:0:0:0:0:0:0", "1::", "a run at the end"],
    ["0:0:0:0:0:0:0:1", "::1", "a run at the start"],
    ["::1.2.3.4", "::102:304", "no dotted tail but for mapped ones"],
    ["::ffff:192.0.2.1", "192.0.2.1", "a mapped one is IPv4"],
  ])("%s is %s (%s)", (text, canonical) => {
    expect(String(parseAddress(text))).toBe(canonical);
  });
});

test("every IPv6 address reads back from its text, which is the one that URLs have", () => {
  fc.assert(
    fc.property(
      anyV6.filter(({ family }) => family === 6),
      (address) => {
        const text = address.toString();
        expect(parseAddress(text)?.equals(address)).toBe(true);
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      },
    ),
    { numRuns: 2000 },
  );
});

test("every text that a URL takes for an IPv6 address is the same one for us", () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  const written = fc
    .tuple(fc.array(group, { maxLength: 8 }), fc.array(group, { maxLength: 8 }), fc.boolean())
    .map(([left, right, upper]) => {
      const list = (groups: number[]) => groups.map((n) => n.toString(16)).join(":");
      const text = `${list(left)}::${list(right)}`;
      return upper ? text.toUpperCase() : text;
    });
  fc.assert(
    fc.property(written, (text) => {
      const url = `http://[${text}]/`;
      const ours = parseAddress(text);
      expect(ours !== undefined).toBe(URL.canParse(url));
      if (ours?.family === 6) expect(new URL(url).hostname).toBe(`[${ours}]`);
    }),
  );
});

test("every IPv4 address reads back from its text, also from its mapped form", () => {
  fc.assert(
    fc.property(anyV4, (address) => {
      const text = address.toString();
      expect(address.family).toBe(4);
      expect(new URL(`http://${text}/`).hostname).toBe(text);
      expect(parseAddress(text)?.equals(address)).toBe(true);
      expect(parseAddress(`::ffff:${text}`)?.equals(address)).toBe(true);
    }),
  );
});

test.each([
  ["192.0.2.0/24, 2001:db8::/32", "0.0.0.0/0, 2001:db8::7", "192.0.2.0/24 2001:db8::7"],
  ["192.0.2.7", "192.0.2.0/24", "192.0.2.7"],
  ["192.0.2.0/24", "198.51.100.0/24, ::/0", ""],
])("the addresses of both %s and %s are those of %j", (one, other, common) => {
  const read = (text: string) => text.split(", ").flatMap((each) => parseNetwork(each) ?? []);
  expect(commonNetworks(read(one), read(other)).map(formatNetwork).join(" ")).toBe(common);
});

test("addresses are equal when all their bits are", () => {
  fc.assert(
    fc.property(anyV6, fc.integer({ min: 0, max: 127 }), (address, bit) => {
      const words = [address.w0, address.w1, address.w2, address.w3];
      words[bit >> 5] = ((words[bit >> 5] ?? 0) ^ (1 << (bit & 31))) >>> 0;
      const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
      expect(address.equals(new Address(address.w0, address.w1, address.w2, address.w3))).toBe(
        true,
      );
      expect(address.equals(new Address(w0, w1, w2, w3))).toBe(false);
    }),
  );
});

describe("a network", () => {
  test.each<[string, string, boolean]>([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.3/8", "10.9.9.9", true],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["192.0.2.0/31", "192.0.2.1", true],
    ["192.0.2.0/31", "192.0.2.2", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "203.0.113.9", false],
    ["::/64", "203.0.113.9", false],
    ["::/64", "::1", true],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["fe80::1%eth0", "fe80::1", true],
  ])("%s: is %s in it? %s", (text, address, inside) => {
    const network = parseNetwork(text);
    const member = parseAddress(address);
    if (network === undefined || member === undefined) throw new Error("not parsed");
    expect(contains(network, member)).toBe(inside);
  });

  test.each([
    "",
    "/8",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10/8",
    "::/129",
  ])("is not %j", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  test("has those addresses whose first bits are its own", () => {
    const pair = fc.oneof(
      fc.record({ base: anyV6, other: anyV6, widest: fc.constant(128) }),
      fc.record({ base: anyV4, other: anyV4, widest: fc.constant(32) }),
    );
    const binary = ({ w0, w1, w2, w3 }: Address) =>
      [w0, w1, w2, w3].map((part) => part.toString(2).padStart(32, "0")).join("");
    fc.assert(
      fc.property(pair, fc.nat(128), ({ base, other, widest }, most) => {
        fc.pre(base.family === other.family && (widest === 32) === (base.family === 4));
        const length = most % (widest + 1);
        const network = parseNetwork(`${base}/${length}`);
        if (network === undefined) throw new Error("not parsed");
        expect(network.bits).toBe(length + 128 - widest);
        const same = binary(base).slice(0, network.bits) === binary(other).slice(0, network.bits);
        expect(contains(network, other)).toBe(same);
        expect(contains(network, base)).toBe(true);
      }),
    );
  });
});

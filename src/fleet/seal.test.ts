import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FleetSeal, longestSealed } from "./seal.ts";
import type { FleetStamp } from "./stamp.ts";

const key = randomBytes(32);
const place = { field: "AAAABBBBCCCCDDDDEEEE", stamp: 3_534_000_000_000 as FleetStamp };
const other = { ...place, field: "AAAABBBBCCCCDDDDEEEF" };

describe("a sealed record", () => {
  const seal = new FleetSeal("office", [key]);
  const sealed = seal.seal(place, '{"op":"state"}');

  test("opens with the fleet's key at each gateway", () => {
    const opened = new FleetSeal("office", [key]).open(place, sealed);
    const content = Buffer.from('{"op":"state"}');
    expect(opened).toMatchObject({ kind: "opened", content });
    // What it digests by is that of the key, also where another one seals.
    const other = new FleetSeal("office", [randomBytes(32), key]).open(place, sealed);
    const digests = [opened, other].map((one) => one.kind === "opened" && one.digest("x"));
    expect(digests).toEqual([seal.digest("x"), seal.digest("x")]);
  });

  test("does not open after any bit has changed", () => {
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(seal.open(place, flipped).kind).not.toBe("opened");
    }
  });

  test("does not open cut at any length, nor longer than one may be", () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(seal.open(place, sealed.subarray(0, length)).kind).not.toBe("opened");
    }
    const long = seal.seal(place, "x".repeat(longestSealed));
    expect(seal.open(place, long)).toEqual({ kind: "foreign" });
  });

  test.each([
    ["another field", "forged", seal, other],
    ["another stamp", "forged", seal, { ...place, stamp: (place.stamp + 2) as FleetStamp }],
    ["another fleet", "forged", new FleetSeal("home", [key]), place],
    ["another key", "foreign", new FleetSeal("office", [randomBytes(32)]), place],
  ] as const)("does not open for %s: %s", (_, kind, opener, at) => {
    expect(opener.open(at, sealed)).toEqual({ kind });
  });

  test("opens with the second key of a gateway, which seals with the first", () => {
    const rotating = new FleetSeal("office", [randomBytes(32), key]);
    expect(rotating.open(place, sealed).kind).toBe("opened");
    expect(seal.open(place, rotating.seal(place, "{}"))).toEqual({ kind: "foreign" });
  });

  test("bears another counter each time, and another start after a restart", () => {
    const heads = [seal, seal, new FleetSeal("office", [key])].map((one) =>
      one.seal(place, "{}").toString("hex", 5, 23),
    );
    expect(new Set(heads).size).toBe(3);
    expect(heads[0]?.slice(0, 24)).toBe(heads[1]?.slice(0, 24));
    expect(heads[0]?.slice(0, 24)).not.toBe(heads[2]?.slice(0, 24));
  });
});

test("a digest is the same at gateways with one key, and tells nothing without it", () => {
  const text = "lease\0ssh\x001\x00192.0.2.7\0";
  const digest = new FleetSeal("office", [key]).digest(text);
  expect(digest).toMatch(/^[\w-]{20}$/);
  expect(new FleetSeal("office", [key, randomBytes(32)]).digest(text)).toBe(digest);
  expect(new FleetSeal("office", [randomBytes(32)]).digest(text)).not.toBe(digest);
});

import { expect, test } from "vitest";
import { parseAddress } from "../../base/address.ts";
import { parseOpenedService } from "../../base/service.ts";
import { decodeKey, encodeKey, setOf } from "./nft-element.ts";

const cases: [source: string, service: string, set: string, key: string][] = [
  ["192.0.2.1", "tcp/22", "open4", "c0000201 06000000 00160000"],
  ["192.0.2.1", "udp/51820", "open4", "c0000201 11000000 ca6c0000"],
  ["192.0.2.1", "icmp", "open4", "c0000201 01000000 08000000"],
  ["2001:db8::1", "tcp/22", "open6", "20010db8 00000000 00000000 00000001 06000000 00160000"],
  ["2001:db8::1", "icmp", "open6", "20010db8 00000000 00000000 00000001 3a000000 80000000"],
  ["192.0.2.1", "any", "any4", "c0000201"],
  ["2001:db8::1", "any", "any6", "20010db8 00000000 00000000 00000001"],
];

test.each(cases)("%s for %s is in %s with a key that reads back", (from, what, set, hex) => {
  const source = parseAddress(from);
  const service = parseOpenedService(what);
  if (source === undefined || service === undefined) throw new Error("a case is wrong");
  const key = encodeKey(source, service);
  expect(setOf(source, service)).toBe(set);
  expect(Buffer.from(key).toString("hex")).toBe(hex.replaceAll(" ", ""));
  expect(decodeKey(key)).toEqual({ source, service });
});

test("a key of another length or protocol is nobody's", () => {
  expect(decodeKey(new Uint8Array(11))).toBeUndefined();
  expect(decodeKey(new Uint8Array(12))).toBeUndefined();
});

import { expect, test } from "vitest";
import type { Protocol } from "./port.ts";
import { formatPort, parsePortNumber, parseProtocol, portKey } from "./port.ts";

test.each([
  ["1", 1],
  ["00022", 22],
  ["65535", 65535],
])("%s is port %i", (text, number) => {
  expect(parsePortNumber(text)).toBe(number);
});

test.each([
  "",
  "0",
  "65536",
  "99999",
  "100000",
  "000022",
  "-1",
  "+1",
  " 1",
  "1 ",
  "1.0",
  "0x1",
  "1e3",
  "ssh",
  "١",
])("%j is no port", (text) => {
  expect(parsePortNumber(text)).toBeUndefined();
});

test.each<[string, Protocol | undefined]>([
  ["tcp", "tcp"],
  ["UDP", "udp"],
  ["", undefined],
  ["sctp", undefined],
  ["tcp ", undefined],
])("%j names the protocol %s", (text, protocol) => {
  expect(parseProtocol(text)).toBe(protocol);
});

test("a port is written as knockd writes it", () => {
  expect(formatPort({ number: 7000, protocol: "udp" })).toBe("7000:udp");
});

test("every port of every protocol has a key of its own, below 131,072", () => {
  const numbers = Array.from({ length: 65536 }, (_, number) => number);
  const keys = (["tcp", "udp"] as const).flatMap((protocol) =>
    numbers.map((number) => portKey(number, protocol)),
  );
  expect(new Set(keys).size).toBe(131_072);
  expect(keys.every((key) => key >= 0 && key < 131_072)).toBe(true);
});

import { expect, test } from "vitest";
import type { Network } from "../../base/address.ts";
import { parseNetwork } from "../../base/address.ts";
import { parseSequence } from "../../base/sequence.ts";
import type { KernelDoor, KernelDoors } from "./kernel-doors.ts";
import { doorsRuleset } from "./kernel-program.ts";

function door(name: string, sequence: string, more: Partial<KernelDoor> = {}): KernelDoor {
  const steps = parseSequence(sequence);
  if ("problem" in steps) throw new Error(steps.problem);
  return {
    name,
    sequence: steps,
    obstacle: undefined,
    timeout: 10_000,
    flags: { mask: 2, value: 2 },
    target: undefined,
    allow: undefined,
    deny: [],
    decoys: [],
    opening: { services: [{ protocol: "tcp", port: 22 }], openFor: 30_000 },
    ...more,
  };
}

function networks(...texts: string[]): Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}

function ruleset(doors: readonly KernelDoor[], more: Partial<KernelDoors> = {}): string[] {
  return doorsRuleset({ doors, interfaces: undefined, onlyIpv4: false, ...more }, "sesame", 7);
}

/** The rules of a chain. */
function rules(lines: readonly string[], chain: string): string[] {
  const prefix = `add rule inet sesame ${chain} `;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

/** The elements of a set. */
function elements(lines: readonly string[], set: string): string {
  const prefix = `add element inet sesame ${set} `;
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? "";
}

test("doors are elements of two maps", () => {
  const lines = ruleset([door("a", "7000,7001:udp,7002"), door("b", "9000"), door("c", "1,2")]);
  expect(elements(lines, "firsts")).toBe("{ 6 . 7000 : 1, 6 . 9000 : 2147483650, 6 . 1 : 3 }");
  expect(elements(lines, "edges")).toBe(
    "{ 1 . 17 . 7001 : 2, 2 . 17 . 7001 : 0, 2 . 6 . 7002 : 2147483649, 3 . 6 . 2 : 2147483651 }",
  );
});

test("the ports of other doors end attempts", () => {
  const far = { target: networks("10.0.0.9", "fd00::/8"), opening: undefined };
  const lines = ruleset([
    door("a", "7000,7001", { decoys: [{ number: 6999, protocol: "tcp", local: false }] }),
    door("b", "7001,7002", { opening: undefined }),
    door("c", "8000,8001", {
      ...far,
      decoys: [{ number: 7999, protocol: "tcp", local: false }],
    }),
  ]);
  expect(elements(lines, "foreign")).toBe("{ 6 . 7002, 6 . 8000, 6 . 8001 }");
  expect(elements(lines, "decoys")).toBe("{ 6 . 6999 }");
  expect(elements(lines, "watched")).toBe(
    "{ 6 . 7000, 6 . 7001, 6 . 7002, 6 . 8000, 6 . 8001, 6 . 6999, 6 . 7999 }",
  );
  expect(rules(lines, "step").slice(0, 2)).toEqual([
    "ip daddr { 10.0.0.9/32 } meta l4proto . th dport { 6 . 7999 } goto touch",
    "ip6 daddr { fd00::/8 } meta l4proto . th dport { 6 . 7999 } goto touch",
  ]);
});

test("conditions are tested once for all doors that share them", () => {
  const allow = networks("10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8");
  const lines = ruleset([
    door("a", "1,2", { allow }),
    door("b", "3:udp,4", { allow }),
    door("c", "5", { deny: networks("fd00::/8"), flags: { mask: 0, value: 0 } }),
  ]);
  const found = rules(lines, "step").filter((rule) => /^(?:tcp flags|.* \{ 6 \. \d)/.test(rule));
  expect(found).toEqual([
    "tcp flags & 2 != 2 tcp dport { 1, 2, 4 } return",
    "tcp flags & 0 != 0 tcp dport { 5 } return",
    "ip saddr != { 10.0.0.0/8 } meta l4proto . th dport { 6 . 1, 6 . 2, 17 . 3, 6 . 4 } return",
    "meta nfproto ipv6 meta l4proto . th dport { 6 . 1, 6 . 2, 17 . 3, 6 . 4 } return",
    "ip6 saddr { fd00::/8 } meta l4proto . th dport { 6 . 5 } return",
  ]);
});

test("only interfaces and families that count are looked at", () => {
  const found = rules(ruleset([door("a", "1")], { interfaces: ["eth0"], onlyIpv4: true }), "knock");
  expect(found.slice(0, 2)).toEqual(['iifname != { "eth0" } return', "meta nfproto ipv6 return"]);
});

test("what may answer a connection is no touch of a decoy", () => {
  const decoy = (number: number, local: boolean) => ({ number, protocol: "tcp", local }) as const;
  const lines = ruleset([
    door("a", "1,2", { decoys: [decoy(3, false), decoy(40_000, true)] }),
    door("b", "5", { decoys: [decoy(3, false)], flags: { mask: 3, value: 1 } }),
  ]);
  expect(rules(lines, "touch").slice(0, 2)).toEqual([
    "tcp flags & (rst | ack) != 0 tcp dport { 40000 } return",
    "tcp flags & (rst | ack) != 0 tcp flags & 2 != 2 tcp flags & 3 != 1 tcp dport { 3 } return",
  ]);
});

test("of two doors to a service only the one with the longer time sets the time", () => {
  const opening = (openFor: number) => ({
    services: [{ protocol: "icmp" }] as const,
    openFor,
  });
  const lines = ruleset([
    door("a", "1", { opening: opening(1000) }),
    door("b", "2", { opening: opening(9000) }),
  ]);
  expect(rules(lines, "opened").filter((rule) => rule.includes("knocked"))).toEqual([
    "meta mark 2147483649 add @knocked4 { ip saddr . 1 . 2048 timeout 1000ms }",
    "meta mark 2147483649 add @knocked6 { ip6 saddr . 58 . 32768 timeout 1000ms }",
    "meta mark 2147483650 update @knocked4 { ip saddr . 1 . 2048 timeout 9000ms }",
    "meta mark 2147483650 update @knocked6 { ip6 saddr . 58 . 32768 timeout 9000ms }",
  ]);
});

test("without a door that can be compiled there is nothing", () => {
  expect(ruleset([door("a", "1,2", { opening: undefined })])).toEqual([]);
});

import { expect, test } from "vitest";
import { kernelDoor } from "../../../test/support/kernel-door.ts";
import type { Network } from "../../base/address.ts";
import { parseNetwork } from "../../base/address.ts";
import type { KernelDoor, KernelDoors } from "./kernel-doors.ts";
import { compiledDoors, doorKey } from "./kernel-doors.ts";
import { doorsRuleset } from "./kernel-program.ts";
import { keyOfDoorSet, scannerSets } from "./kernel-sets.ts";

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
  const lines = ruleset([
    kernelDoor("a", "7000,7001:udp,7002"),
    kernelDoor("b", "9000"),
    kernelDoor("c", "1,2"),
  ]);
  expect(elements(lines, "firsts")).toBe("{ 6 . 7000 : 1, 6 . 9000 : 2147483650, 6 . 1 : 3 }");
  expect(elements(lines, "edges")).toBe(
    "{ 1 . 17 . 7001 : 2, 2 . 17 . 7001 : 0, 2 . 6 . 7002 : 2147483649, 3 . 6 . 2 : 2147483651 }",
  );
});

test("the ports of other doors end attempts", () => {
  const far = { target: networks("10.0.0.9", "fd00::/8"), opening: undefined };
  const lines = ruleset([
    kernelDoor("a", "7000,7001", { decoys: [{ number: 6999, protocol: "tcp", local: false }] }),
    kernelDoor("b", "7001,7002", { opening: undefined }),
    kernelDoor("c", "8000,8001", {
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
    kernelDoor("a", "1,2", { allow }),
    kernelDoor("b", "3:udp,4", { allow }),
    kernelDoor("c", "5", { deny: networks("fd00::/8"), flags: { mask: 0, value: 0 } }),
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
  const found = rules(
    ruleset([kernelDoor("a", "1")], { interfaces: ["eth0:1", "eth0", "eth1"], onlyIpv4: true }),
    "knock",
  );
  expect(found.slice(0, 2)).toEqual([
    'iifname != { "eth0", "eth1" } return',
    "meta nfproto ipv6 return",
  ]);
});

test("what may answer a connection is no touch of a decoy", () => {
  const decoy = (number: number, local: boolean) => ({ number, protocol: "tcp", local }) as const;
  const lines = ruleset([
    kernelDoor("a", "1,2", { decoys: [decoy(3, false), decoy(40_000, true)] }),
    kernelDoor("b", "5", { decoys: [decoy(3, false)], flags: { mask: 3, value: 1 } }),
  ]);
  expect(rules(lines, "touch").slice(0, 2)).toEqual([
    "tcp flags & (rst | ack) != 0 tcp dport { 40000 } return",
    "tcp flags & (rst | ack) != 0 tcp flags & 2 != 2 tcp flags & 3 != 1 tcp dport { 3 } return",
  ]);
});

test("each door has sets of its own, which the filter asks for its services", () => {
  const icmp = {
    services: [{ protocol: "icmp" }] as const,
    families: [4, 6] as const,
    openFor: 9000,
  };
  const doors = [kernelDoor("a", "1"), kernelDoor("b", "2", { opening: icmp })];
  const [a, b] = compiledDoors({ doors, interfaces: undefined, onlyIpv4: false });
  const lines = ruleset(doors);
  expect(rules(lines, "opened").filter((rule) => rule.includes("update"))).toEqual([
    `meta mark 2147483649 update @door4_${a?.key} { ip saddr timeout 30s }`,
    `meta mark 2147483649 update @door6_${a?.key} { ip6 saddr timeout 30s }`,
    `meta mark 2147483650 update @door4_${b?.key} { ip saddr timeout 9s }`,
    `meta mark 2147483650 update @door6_${b?.key} { ip6 saddr timeout 9s }`,
  ]);
  expect(rules(lines, "shut6")).toEqual([
    `tcp dport 22 ip6 saddr @door6_${a?.key} accept`,
    `icmpv6 type echo-request ip6 saddr @door6_${b?.key} accept`,
    "drop",
  ]);
});

test("a pause begins with the program, and scanners that are not known blind it", () => {
  const doors = [kernelDoor("a", "1,2")];
  const program = { doors, interfaces: undefined, onlyIpv4: false, wereTouched: true };
  const known = doorsRuleset({ ...program, pause: 60_000 }, "sesame", 7, scannerSets(undefined));
  expect(elements(known, "paused")).toBe("{ ipv4 timeout 1m, ipv6 timeout 1m }");
  expect(elements(known, "blind")).toBe("");
  const unknown = doorsRuleset(program, "sesame", 7);
  expect(elements(unknown, "paused")).toBe("");
  expect(elements(unknown, "blind")).toBe("{ ipv4 timeout 61s, ipv6 timeout 61s }");
  expect(unknown).toContain("flush set inet sesame paused");
});

test("the key of a door stays the same, and is that of no other door or service", () => {
  const ssh = [{ protocol: "tcp", port: 22 }] as const;
  expect(doorKey({ name: "ssh", nth: 1 }, ssh)).toBe(doorKey({ name: "ssh", nth: 1 }, [...ssh]));
  const keys = [
    doorKey({ name: "ssh", nth: 1 }, ssh),
    doorKey({ name: "ssh", nth: 2 }, ssh),
    doorKey({ name: "SSH", nth: 1 }, ssh),
    doorKey({ name: "ssh", nth: 1 }, [...ssh, { protocol: "icmp" }]),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(keyOfDoorSet(`door4_${key}`)).toBe(key);
  expect(keyOfDoorSet("door4_x")).toBe(undefined);
});

test("without a door that can be compiled there is nothing", () => {
  expect(ruleset([kernelDoor("a", "1,2", { opening: undefined })])).toEqual([]);
});

test("a door for one family of addresses opens in it alone", () => {
  const opening = {
    services: [{ protocol: "tcp", port: 2222 }] as const,
    families: [4] as const,
    openFor: 1000,
  };
  const doors = [kernelDoor("a", "1", { opening })];
  const updates = rules(ruleset(doors), "opened").filter((rule) => rule.includes("update"));
  expect(updates).toHaveLength(1);
  expect(updates[0]).toContain("update @door4_");
});

import { expect, test } from "vitest";
import { kernelDoor } from "../../../test/support/kernel-door.ts";
import { address } from "../../../test/support/packets.ts";
import { parseNetwork } from "../../base/address.ts";
import type { RoutedService, Service } from "../../base/service.ts";
import type { Forward } from "../behind.ts";
import { nothingBehind as without } from "../behind.ts";
import { compiledDoors } from "./kernel-doors.ts";
import { behindRules } from "./nft-behind.ts";
import { groupId } from "./nft-element.ts";

function routed(port: number, ...hosts: string[]): RoutedService {
  return { protocol: "tcp", port, hosts: hosts.flatMap((host) => parseNetwork(host) ?? []) };
}

function forward(target: string, isMasqueraded: boolean): Forward {
  return {
    ...{ protocol: "udp", port: 53 },
    target: { address: address(target), port: 5353 },
    isMasqueraded,
  };
}

const nothingBehind = { ...without, doors: [] };
const inner = routed(22, "10.0.0.5", "2001:db8::/64");
const id = groupId(inner.hosts);
const forGood = (service: RoutedService) => ({ service, milliseconds: undefined });

/** The rules of a chain. */
function rules(lines: readonly string[], chain: string): string[] {
  const prefix = `add rule inet sesame ${chain} `;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

test("what begins a connection needs an open source, on the interfaces that count", () => {
  const behind = { ...nothingBehind, interfaces: ["eth0", "wg0"], routed: [inner] };
  const { lines, chains, groups } = behindRules(behind, [forGood(inner)], "sesame");
  const all = rules(lines, "routed");
  expect(all.slice(4)).toEqual([
    'iifname != { "eth0", "wg0" } accept',
    "ip option lsrr exists drop",
    "ip option ssrr exists drop",
    "tcp flags & (syn | ack) != syn accept",
    "meta l4proto udp ct state established accept",
    "ip saddr @any4 accept",
    "ip6 saddr @any6 accept",
    `ip daddr { 10.0.0.5 } ip saddr . meta l4proto . th dport @open4_${id} accept`,
    `ip6 daddr { 2001:db8::/64 } ip6 saddr . meta l4proto . th dport @open6_${id} accept`,
    `ip daddr { 10.0.0.5 } meta l4proto . th dport @protected_${id} drop`,
    `ip6 daddr { 2001:db8::/64 } meta l4proto . th dport @protected_${id} drop`,
  ]);
  expect([...chains]).toEqual([["routed", all.length]]);
  expect(groups).toEqual([{ id, hosts: inner.hosts }]);
  expect(lines).toContain(`add element inet sesame protected_${id} { 6 . 22 }`);
});

test("hosts of an open door have sets also while nothing is protected", () => {
  const { lines, chains, groups } = behindRules(
    { ...nothingBehind, routed: [inner] },
    [],
    "sesame",
  );
  expect(groups).toHaveLength(1);
  expect([...chains]).toEqual([]);
  expect(lines).toContain("delete chain inet sesame routed");
  expect(lines.join("\n")).toContain(`set open4_${id} {`);
});

test("a trial has a time, unless its service is protected anyway", () => {
  const onTrial = { service: routed(23, "10.0.0.5"), milliseconds: 59_999.5 };
  const { lines } = behindRules(
    nothingBehind,
    [forGood(inner), { service: inner, milliseconds: 1 }, onTrial],
    "sesame",
  );
  const elements = lines.filter((line) => line.startsWith("add element"));
  expect(elements).toEqual([
    `add element inet sesame protected_${id} { 6 . 22 }`,
    `add element inet sesame protected_${groupId(onTrial.service.hosts)} { 6 . 23 timeout 1m }`,
  ]);
});

test("a port is forwarded for open sources, and masqueraded only then", () => {
  const behind = {
    ...nothingBehind,
    forwards: [forward("10.0.0.5", true), forward("fd00::5", false)],
  };
  const { lines, chains } = behindRules(behind, [], "sesame");
  const match = "meta l4proto 17 th dport 53 fib daddr type local";
  expect(rules(lines, "forwarded")).toEqual([
    `${match} ip saddr . meta l4proto . th dport @open4 dnat ip to 10.0.0.5:5353`,
    `${match} ip saddr @any4 dnat ip to 10.0.0.5:5353`,
    `${match} ip6 saddr . meta l4proto . th dport @open6 dnat ip6 to [fd00::5]:5353`,
    `${match} ip6 saddr @any6 dnat ip6 to [fd00::5]:5353`,
  ]);
  expect(rules(lines, "masqueraded")).toEqual([
    "ct status dnat meta l4proto 17 ct original proto-dst 53 ip daddr 10.0.0.5 th dport 5353 masquerade",
  ]);
  expect([...chains.keys()]).toEqual(["forwarded", "masqueraded"]);
});

test("what is no more is removed, whether it is still there or not", () => {
  const old = groupId(routed(22, "10.9.9.9").hosts);
  const stale = [`open4_${old}`, `protected_${old}`, `open4_${id}`, "cut6", "open4", "knocked4"];
  const { lines } = behindRules({ ...nothingBehind, routed: [inner] }, [], "sesame", stale);
  const deleted = lines.filter((line) => line.startsWith("delete set"));
  expect(deleted).toEqual(
    [`open4_${old}`, `protected_${old}`].map((name) => `delete set inet sesame ${name}`),
  );
  for (const name of [`open4_${old}`, `protected_${old}`]) {
    expect(lines.some((line) => line.includes(`set ${name} {`))).toBe(true);
  }
});

test("doors that the kernel opens are asked, too", () => {
  const opening = (service: Service) => ({
    services: [service],
    families: [4] as const,
    openFor: 1000,
  });
  const doors = compiledDoors({
    doors: [
      kernelDoor("a", "7000", { opening: opening(inner) }),
      kernelDoor("b", "7001", { opening: opening({ protocol: "udp", port: 53 }) }),
    ],
    interfaces: undefined,
    onlyIpv4: false,
  });
  const [a, b] = doors.map(({ key }) => key);
  const behind = {
    ...nothingBehind,
    routed: [inner],
    forwards: [forward("10.0.0.5", false)],
    doors,
  };
  const { lines } = behindRules(behind, [forGood(inner)], "sesame");
  expect(rules(lines, "routed").slice(-4, -2)).toEqual([
    `ip daddr { 10.0.0.5 } tcp dport 22 ip saddr @door4_${a} accept`,
    `ip6 daddr { 2001:db8::/64 } tcp dport 22 ip6 saddr @door6_${a} accept`,
  ]);
  const translated =
    "ct status dnat meta l4proto 17 ct original proto-dst 53 ip daddr 10.0.0.5 th dport 5353";
  expect(rules(lines, "routed").filter((rule) => rule.startsWith("ct status"))).toEqual([
    `${translated} ip saddr . meta l4proto . ct original proto-dst @open4 accept`,
    `${translated} ip saddr @door4_${b} accept`,
  ]);
  expect(rules(lines, "forwarded").at(-1)).toBe(
    `meta l4proto 17 th dport 53 fib daddr type local ip saddr @door4_${b} dnat ip to 10.0.0.5:5353`,
  );
});

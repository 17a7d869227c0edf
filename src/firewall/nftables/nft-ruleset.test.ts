import { describe, expect, test } from "vitest";
import { kernelDoor } from "../../../test/support/kernel-door.ts";
import type { Service } from "../../base/service.ts";
import type { KernelDoors } from "./kernel-doors.ts";
import { compiledDoors } from "./kernel-doors.ts";
import { protectionRuleset, rulesetsFor } from "./nft-ruleset.ts";
import { unprotectRulesets } from "./nft-unprotect.ts";

test("the rules for a few services", () => {
  const text = protectionRuleset([
    { protocol: "tcp", port: 22 },
    { protocol: "udp", port: 51820 },
    { protocol: "tcp", port: 22 },
    { protocol: "icmp" },
  ]);
  expect(text).toBe(`\
table inet sesame {
	set open4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }
	set open6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }
	set any4 { type ipv4_addr; flags timeout; }
	set any6 { type ipv6_addr; flags timeout; }
	set ended4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }
	set ended6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }
	set protected { type inet_proto . inet_service; flags timeout; }
	set echo { type inet_proto; flags timeout; }
	chain protect { type filter hook prerouting priority mangle; policy accept; }
}
flush set inet sesame protected
flush set inet sesame echo
flush chain inet sesame protect
add element inet sesame protected { 6 . 22 }
add element inet sesame protected { 17 . 51820 }
add element inet sesame echo { 1 }
add element inet sesame echo { 58 }
add rule inet sesame protect iif lo accept
add rule inet sesame protect icmp type echo-request meta l4proto @echo fib daddr type { local, broadcast, anycast, multicast } ip saddr . meta l4proto . th sport != @open4 ip saddr != @any4 drop
add rule inet sesame protect icmpv6 type echo-request meta l4proto @echo fib daddr type { local, broadcast, anycast, multicast } ip6 saddr . meta l4proto . th sport != @open6 ip6 saddr != @any6 drop
add rule inet sesame protect tcp flags & (syn | ack) == syn meta l4proto . tcp dport @protected fib daddr type { local, broadcast, anycast, multicast } ip saddr . meta l4proto . th dport != @open4 ip saddr != @any4 drop
add rule inet sesame protect tcp flags & (syn | ack) == syn meta l4proto . tcp dport @protected fib daddr type { local, broadcast, anycast, multicast } ip6 saddr . meta l4proto . th dport != @open6 ip6 saddr != @any6 drop
add rule inet sesame protect meta l4proto . udp dport @protected ip saddr . meta l4proto . th dport @ended4 fib daddr type { local, broadcast, anycast, multicast } ip saddr . meta l4proto . th dport != @open4 ip saddr != @any4 drop
add rule inet sesame protect meta l4proto . udp dport @protected ip6 saddr . meta l4proto . th dport @ended6 fib daddr type { local, broadcast, anycast, multicast } ip6 saddr . meta l4proto . th dport != @open6 ip6 saddr != @any6 drop
add rule inet sesame protect ct state established accept
add rule inet sesame protect meta l4proto . udp dport @protected fib daddr type { local, broadcast, anycast, multicast } ip saddr . meta l4proto . th dport != @open4 ip saddr != @any4 drop
add rule inet sesame protect meta l4proto . udp dport @protected fib daddr type { local, broadcast, anycast, multicast } ip6 saddr . meta l4proto . th dport != @open6 ip6 saddr != @any6 drop
`);
});

test("the rules stay the same for other ports, without the two for icmp", () => {
  const rules = (port: number) =>
    protectionRuleset([{ protocol: "tcp", port }]).match(/^add rule .*$/gm);
  expect(rules(22)).toEqual(rules(80));
  expect(rules(22)).toHaveLength(8);
  expect(rules(22)?.join()).not.toContain("echo-request");
});

test("without services there are the sets and no chain", () => {
  expect(protectionRuleset([], "mine")).toBe(`\
table inet mine {
	set open4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }
	set open6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }
	set any4 { type ipv4_addr; flags timeout; }
	set any6 { type ipv6_addr; flags timeout; }
	set ended4 { type ipv4_addr . inet_proto . inet_service; flags timeout; }
	set ended6 { type ipv6_addr . inet_proto . inet_service; flags timeout; }
	set protected { type inet_proto . inet_service; flags timeout; }
	set echo { type inet_proto; flags timeout; }
	chain protect { }
}
flush set inet mine protected
flush set inet mine echo
flush chain inet mine protect
delete chain inet mine protect
`);
});

test("what is on trial has a time, unless it is protected anyway", () => {
  const ssh = { protocol: "tcp", port: 22 } as const;
  const trial = { services: [ssh, { protocol: "icmp" }] as const, milliseconds: 59_999.5 };
  const elements = (services: Service[]) =>
    protectionRuleset(services, "sesame", trial).match(/(?<=^add element inet sesame ).*$/gm);
  const echo = ["echo { 1 timeout 1m }", "echo { 58 timeout 1m }"];
  expect(elements([])).toEqual(["protected { 6 . 22 timeout 1m }", ...echo]);
  expect(elements([ssh])).toEqual(["protected { 6 . 22 }", ...echo]);
});

test("unprotecting removes doors from the kernel, or names no sets", () => {
  const [best = "", middle = "", last = ""] = unprotectRulesets("sesame", [
    "door4_0123456789abcdef",
  ]);
  expect(last).toBe(`\
table inet sesame {
	chain protect { }
}
flush chain inet sesame protect
delete chain inet sesame protect
table inet sesame {
	chain routed { }
}
flush chain inet sesame routed
delete chain inet sesame routed
`);
  expect([best, middle].every((text) => text.startsWith(last))).toBe(true);
  expect(middle).toContain("delete map inet sesame firsts\n");
  expect(middle).not.toContain("door6_");
  expect(best).toContain("delete set inet sesame door6_0123456789abcdef\n");
  expect(best).not.toMatch(/(open|any)[46]/);
});

describe("rulesets with doors", () => {
  const doors: KernelDoors = {
    doors: [kernelDoor("ssh", "7000")],
    interfaces: undefined,
    onlyIpv4: false,
  };
  const ssh = [{ protocol: "tcp", port: 22 }] as const;
  const rulesOf = (text: string) => text.match(/^add rule inet sesame protect .*$/gm) ?? [];

  test("hand packets over and ask what the kernel opened", () => {
    const [best, plain] = rulesetsFor({ services: ssh, doors, seed: 1 });
    expect(best).toMatchObject({ rules: 9, doors: [{ name: "ssh" }] });
    const rules = rulesOf(best?.text ?? "");
    expect(rules).toHaveLength(9);
    expect(rules[1]).toContain("@watched jump knock");
    const drops = rules.filter((rule) => rule.includes("!="));
    expect(drops).toHaveLength(6);
    expect(drops.every((rule) => /@open([46]) .*goto shut\1$/.test(rule))).toBe(true);
    expect(plain).toMatchObject({ rules: 8, doors: [] });
    expect(plain?.text.startsWith(protectionRuleset(ssh))).toBe(true);
    expect(plain?.text).not.toContain("knock");
  });

  test("remove the sets of doors that are gone, and leave the others", () => {
    const [{ key } = { key: "" }] = compiledDoors(doors);
    const sets = [`door4_${key}`, "door6_0123456789abcdef", "open4"];
    const [best] = rulesetsFor({ services: ssh, doors, seed: 1 }, "sesame", sets);
    expect(best?.text.match(/^delete set .*$/gm)).toEqual([
      "delete set inet sesame door4_0123456789abcdef",
      "delete set inet sesame door6_0123456789abcdef",
    ]);
  });

  test("have no doors where nothing is protected, or there are none", () => {
    for (const contents of [
      { services: [], doors, seed: 1 },
      { services: ssh, seed: 1 },
      { services: ssh, doors: { ...doors, doors: [] }, seed: 1 },
    ]) {
      const [best] = rulesetsFor(contents);
      expect(best?.doors).toEqual([]);
      expect(best?.text).toContain(protectionRuleset(contents.services));
      expect(best?.text).toContain("delete chain inet sesame knock\n");
      expect(best?.text).not.toContain("add element inet sesame firsts");
    }
  });
});

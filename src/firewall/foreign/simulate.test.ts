import { describe, expect, test } from "vitest";
import { parseService } from "../../base/service.ts";
import { readSavedTables } from "./iptables-save.ts";
import type { FirstPacket } from "./packet.ts";
import { readRulesets } from "./rulesets.ts";
import type { Decision } from "./simulate.ts";
import { decide } from "./simulate.ts";

const texts = { nft: "", saved4: "", saved6: "", legacy4: "", legacy6: "", version: "" };

function packetFor(service: string, more: Partial<FirstPacket> = {}): FirstPacket {
  const parsed = parseService(service);
  if (parsed === undefined) throw new Error(`not a service: ${service}`);
  return {
    ...{ family: 4, service: parsed, interfaceName: "eth0" },
    ...{ source: "unnamed", mayBeUntracked: false, destination: undefined, isTranslated: false },
    ...more,
  };
}

/** What becomes of a packet that meets the rules of iptables' table filter, whose policy is ACCEPT. */
function byIptables(rules: readonly string[], packet = packetFor("tcp/22")): Decision["outcome"] {
  const policy = rules.find((rule) => rule.startsWith("-P INPUT "))?.slice(9) ?? "ACCEPT";
  const chains = rules.flatMap((rule) => /^-N (\S+)/.exec(rule)?.[1] ?? []);
  const lines = [
    "*filter",
    `:INPUT ${policy} [0:0]`,
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...rules.filter((rule) => rule.startsWith("-A ")),
    "COMMIT",
  ];
  return decide(readSavedTables(lines.join("\n"), "ip", "iptables-nft"), packet).outcome;
}

describe("iptables", () => {
  test.each<[name: string, rules: string[], outcome: Decision["outcome"]]>([
    ["nothing", [], "accepted"],
    ["a policy", ["-P INPUT DROP"], "dropped"],
    ["a rule for the port", ["-A INPUT -p tcp -m tcp --dport 22 -j DROP"], "dropped"],
    ["one that rejects", ["-A INPUT -p tcp -m tcp --dport 22 -j REJECT"], "dropped"],
    ["another port", ["-A INPUT -p tcp -m tcp --dport 23 -j DROP"], "accepted"],
    ["another protocol", ["-A INPUT -p udp -m udp --dport 22 -j DROP"], "accepted"],
    ["a range", ["-A INPUT -p tcp -m tcp --dport 20:30 -j DROP"], "dropped"],
    ["several", ["-A INPUT -p tcp -m multiport --dports 21,22 -j DROP"], "dropped"],
    ["all but the port", ["-A INPUT -p tcp -m tcp ! --dport 22 -j DROP"], "accepted"],
    [
      "the policy behind a rule that accepts",
      ["-P INPUT DROP", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"],
      "accepted",
    ],
    [
      "what only connections that exist pass",
      [
        "-P INPUT DROP",
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      ],
      "dropped",
    ],
    [
      "new connections to the port",
      ["-P INPUT DROP", "-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT"],
      "accepted",
    ],
    ["SYNs", ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"], "dropped"],
    ["other flags", ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP"], "accepted"],
    ["sources that are named", ["-A INPUT -s 192.0.2.0/24 -j DROP"], "accepted"],
    ["half of all sources", ["-A INPUT -s 128.0.0.0/1 -j DROP"], "unknown"],
    ["all but some sources", ["-A INPUT ! -s 192.0.2.0/24 -j DROP"], "dropped"],
    ["sources of a set", ["-A INPUT -m set --match-set bad src -j DROP"], "unknown"],
    ["a limit", ["-P INPUT DROP", "-A INPUT -m limit --limit 3/min -j ACCEPT"], "unknown"],
    ["another interface", ["-A INPUT -i wg0 -j DROP"], "accepted"],
    ["the interface", ["-A INPUT -i eth+ -j DROP"], "dropped"],
    ["multicast", ["-A INPUT -d 224.0.0.0/4 -j DROP"], "accepted"],
    ["what is not for this host", ["-A INPUT -m addrtype ! --dst-type LOCAL -j DROP"], "accepted"],
    ["an unknown match", ["-A INPUT -m magic --spell a b -j DROP"], "unknown"],
    ["an unknown target", ["-A INPUT -j MAGIC --spell a"], "unknown"],
    ["a queue", ["-P INPUT DROP", "-A INPUT -j NFQUEUE --queue-num 1"], "unknown"],
    [
      "a comment with words of rules",
      ['-A INPUT -p tcp -m comment --comment "a \\"b\\" -j ACCEPT" -m tcp --dport 22 -j DROP'],
      "dropped",
    ],
    [
      "a chain that comes back",
      [
        "-N f2b-sshd",
        "-A INPUT -p tcp -j f2b-sshd",
        "-A f2b-sshd -s 192.0.2.7/32 -j REJECT",
        "-A f2b-sshd -j RETURN",
      ],
      "accepted",
    ],
    [
      "a chain that one goes to",
      ["-N a", "-P INPUT ACCEPT", "-A INPUT -g a", "-A INPUT -j DROP", "-A a -j LOG"],
      "accepted",
    ],
    [
      "a chain that drops",
      ["-N a", "-N b", "-A INPUT -j a", "-A a -j b", "-A b -p tcp -j DROP"],
      "dropped",
    ],
    ["a loop", ["-N a", "-A INPUT -j a", "-A a -j a"], "unknown"],
  ])("%s", (_, rules, outcome) => expect(byIptables(rules)).toBe(outcome));

  test("a source that may be one that a rule names", () => {
    const rules = ["-P INPUT DROP", "-A INPUT -s 10.0.0.0/8 -j ACCEPT"];
    expect(byIptables(rules)).toBe("dropped");
    expect(byIptables(rules, packetFor("tcp/22", { source: "any" }))).toBe("unknown");
  });

  test("an interface that is not known", () => {
    const packet = packetFor("tcp/22", { interfaceName: undefined });
    expect(byIptables(["-A INPUT -i eth0 -j DROP"], packet)).toBe("unknown");
    expect(byIptables(["-A INPUT -i lo -j DROP"], packet)).toBe("accepted");
    expect(byIptables(["-A INPUT -i + -j DROP"], packet)).toBe("dropped");
  });

  test("pings", () => {
    const rules = ["-P INPUT DROP", "-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT"];
    expect(byIptables(rules, packetFor("icmp"))).toBe("accepted");
    expect(
      byIptables(["-A INPUT -p icmp -m icmp --icmp-type 3/4 -j DROP"], packetFor("icmp")),
    ).toBe("accepted");
  });
});

describe("several tables", () => {
  const outcome = (saved4: string, packet = packetFor("tcp/22")) =>
    decide(readRulesets({ ...texts, saved4 }).tables, packet).outcome;
  const table = (name: string, ...lines: string[]) => `*${name}\n${lines.join("\n")}\nCOMMIT\n`;
  const dropping = table("filter", ":INPUT DROP [0:0]");

  test("one that drops is enough", () => {
    const raw = table("raw", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p tcp -j DROP");
    expect(outcome(raw + table("filter", ":INPUT ACCEPT [0:0]"))).toBe("dropped");
  });

  test("a packet that may get another destination is followed no further", () => {
    const nat = (port: number) =>
      table(
        "nat",
        ":PREROUTING ACCEPT [0:0]",
        `-A PREROUTING -p tcp -m tcp --dport ${port} -j DNAT --to-destination 10.0.0.2:22`,
      );
    expect(outcome(nat(22) + dropping)).toBe("unknown");
    expect(outcome(nat(80) + dropping)).toBe("dropped");
  });

  test("a packet that conntrack may ignore has no certain state", () => {
    const filter = table(
      "filter",
      ":INPUT DROP [0:0]",
      "-A INPUT -m conntrack --ctstate UNTRACKED -j ACCEPT",
    );
    const raw = table("raw", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p tcp -j CT --notrack");
    expect(outcome(filter)).toBe("dropped");
    expect(outcome(raw + filter)).toBe("unknown");
  });

  test("those of the other family are not met", () => {
    expect(outcome(dropping, packetFor("tcp/22", { family: 6 }))).toBe("accepted");
    const saved6 = dropping;
    const { tables } = readRulesets({ ...texts, saved6 });
    expect(decide(tables, packetFor("tcp/22", { family: 6 })).outcome).toBe("dropped");
  });
});

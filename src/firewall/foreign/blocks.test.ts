import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDoorService, parseServices } from "../../base/service.ts";
import { describeBlocked } from "../../setup/blocked-services.ts";
import { chains as doorChains } from "../nftables/kernel-sets.ts";
import { judgeServices } from "./blocks.ts";
import { readRulesets } from "./rulesets.ts";

const folder = join(import.meta.dirname, "../../../test/fixtures/rulesets");

/** The rules of a machine with an interface eth0, as its programs printed them. */
function rulesOf(name: string) {
  const read = (what: string) => {
    const path = join(folder, `${name}.${what}.txt`);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const version = "iptables v1.8.9 (nf_tables)\n";
  const [nft, saved4, saved6] = [read("nft"), read("ip"), read("ip6")];
  return readRulesets({ nft, saved4, saved6, legacy4: "", legacy6: "", version });
}

/** What is said of these services; the first hint alone. */
function said(name: string, services: string, families: readonly (4 | 6)[] = [4, 6]): string[] {
  const interfaces = new Map(families.map((family) => [family, ["eth0"]] as const));
  return judgeServices(parseServices(services.split(" ")), rulesOf(name), { interfaces }).map(
    (blocked) => {
      const { message, hints } = describeBlocked(blocked, true);
      return `${message}: ${hints[0]}`;
    },
  );
}

const anyway = "also for sources that have knocked";

test("ufw drops what it does not allow", () => {
  expect(said("ufw", "tcp/22 udp/51820 icmp")).toEqual([
    `ufw blocks tcp/22, ${anyway}: sudo ufw allow 22/tcp`,
    `ufw blocks udp/51820, ${anyway}: sudo ufw allow 51820/udp`,
  ]);
});

test("ufw's rules count", () => {
  const more = "delete the rule that denies it (sudo ufw status numbered), then: sudo ufw allow";
  expect(said("ufw-rules", "tcp/22 tcp/23 tcp/24 tcp/25 tcp/26", [4])).toEqual([
    `ufw blocks tcp/23, ${anyway}: ${more} 23/tcp`,
    "ufw blocks tcp/25, for all sources but those that its rules name: sudo ufw allow 25/tcp",
    `ufw blocks tcp/26, ${anyway}: ${more} 26/tcp`,
  ]);
});

describe("firewalld", () => {
  const command = (zone: string, what: string) =>
    `sudo firewall-cmd --permanent --zone=${zone} ${what} && sudo firewall-cmd --reload`;

  test("as it is installed", () => {
    expect(said("firewalld-12", "tcp/22 tcp/2200 udp/51820 icmp")).toEqual([
      `firewalld blocks tcp/2200, ${anyway}: ${command("public", "--add-port=2200/tcp")}`,
      `firewalld blocks udp/51820, ${anyway}: ${command("public", "--add-port=51820/udp")}`,
    ]);
  });

  test("names the zone of the interface", () => {
    expect(said("firewalld-13", "tcp/2200 icmp")).toEqual([
      `firewalld blocks tcp/2200, ${anyway}: ${command("drop", "--add-port=2200/tcp")}`,
      `firewalld blocks icmp, ${anyway}: ${command("drop", "--add-protocol=icmp")}`,
    ]);
  });
});

test.each(["fail2ban", "docker"])("%s blocks no service for all sources", (name) => {
  expect(said(name, "tcp/22 tcp/80 tcp/8080 udp/51820 icmp")).toEqual([]);
});

test("a family is named if it alone is blocked", () => {
  const drops = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
  const texts = { nft: "", saved4: "", saved6: drops, legacy4: "", legacy6: drops, version: "" };
  const judge = (families: readonly (4 | 6)[]) =>
    judgeServices(parseServices(["tcp/22"]), readRulesets(texts), {
      interfaces: new Map(families.map((family) => [family, [undefined]] as const)),
    }).map((blocked) => describeBlocked(blocked, false));
  expect(judge([4])).toEqual([]);
  expect(judge([4, 6])).toMatchObject([
    {
      message: `chain INPUT of ip6tables-nft and chain INPUT of ip6tables block tcp/22 over IPv6, ${anyway}`,
      hints: [
        "sudo ip6tables-nft -I INPUT -p tcp --dport 22 -j ACCEPT",
        "sudo ip6tables -I INPUT -p tcp --dport 22 -j ACCEPT",
        "unless knockd protects tcp/22, all sources reach it then: sudo knockctl guard tcp/22",
      ],
    },
  ]);
  expect(judge([6])[0]?.message).toContain(` block tcp/22, ${anyway}`);
});

test("chains of nftables and other tables of iptables are named", () => {
  const item = (kind: string, fields: object) => ({
    [kind]: { family: "inet", table: "t", ...fields },
  });
  const nft = JSON.stringify({
    nftables: [
      item("chain", { name: "in", hook: "input", prio: 0, policy: "drop" }),
      item("rule", { chain: "in", expr: [{ match: { op: "==", left: 5, right: 6 } }] }),
    ],
  });
  const saved4 = "*raw\n:PREROUTING DROP [0:0]\nCOMMIT\n";
  const rules = readRulesets({
    nft,
    saved4,
    saved6: "",
    legacy4: "",
    legacy6: "",
    version: "nf_tables",
  });
  const interfaces = new Map([[4, ["eth0"]]] as const);
  const [blocked] = judgeServices([{ protocol: "icmp" }], rules, { interfaces });
  expect(blocked?.remedies).toEqual([
    {
      blocker: "chain PREROUTING of iptables, table raw",
      manager: "iptables",
      command: "iptables -t raw -I PREROUTING -p icmp --icmp-type echo-request -j ACCEPT",
    },
    {
      blocker: "chain in of nftables table inet t",
      manager: "nftables",
      command: "nft insert rule inet t in icmp type echo-request accept",
    },
  ]);
});

test.each([
  "",
  "{",
  "null",
  '{"nftables":[{"rule":null},{"chain":{"name":1}},{"rule":{"expr":[null,{"vmap":1}]}}]}',
])("nothing is blocked by %j", (nft) => {
  const texts = { nft, saved4: nft, saved6: "", legacy4: "", legacy6: "", version: "" };
  const interfaces = new Map([[4, ["eth0"]]] as const);
  expect(judgeServices(parseServices(["tcp/22"]), readRulesets(texts), { interfaces })).toEqual([]);
});

test.each([
  ["sesame", ["protect"]],
  ["gate", ["protect", ...doorChains]],
])("the rules of table %s of knockd hide no other firewall", (table, names) => {
  const chain = (of: string, name: string, hook: object) => {
    return { chain: { family: "inet", table: of, name, ...hook } };
  };
  const protect = { family: "inet", table, chain: "protect", expr: [{ dnat: {} }] };
  const nft = JSON.stringify({
    nftables: [
      ...names.map((name) =>
        chain(table, name, name === "protect" ? { hook: "prerouting", prio: -150 } : {}),
      ),
      { rule: protect },
      chain("other", "in", { hook: "input", prio: 0, policy: "drop" }),
    ],
  });
  const none = { saved4: "", saved6: "", legacy4: "", legacy6: "", version: "" };
  const interfaces = new Map([[4, ["eth0"]]] as const);
  const blocked = judgeServices(parseServices(["tcp/22"]), readRulesets({ nft, ...none }), {
    interfaces,
  });
  expect(blocked.map(({ remedies }) => remedies.map(({ blocker }) => blocker))).toEqual([
    ["chain in of nftables table inet other"],
  ]);
});

describe("on the way to hosts behind this one", () => {
  const to = (name: string, service: string, families: readonly (4 | 6)[] = [4]) => {
    const interfaces = new Map(families.map((family) => [family, ["eth0"]] as const));
    const parsed = parseDoorService(service);
    if (parsed === undefined) throw new Error(`not a service: ${service}`);
    return judgeServices([parsed], rulesOf(name), { interfaces }).map((blocked) => {
      const { message, hints } = describeBlocked(blocked, true);
      return `${message}: ${hints.join("; ")}`;
    });
  };
  const stay = (service: string) =>
    `sources that have not knocked stay out all the same: knockd protects ${service}`;

  test("ufw drops a routed service and a forwarded port", () => {
    const routed = "tcp/22 to 10.0.0.5";
    const forwarded = "tcp/2222 -> 10.0.0.5:22";
    const command = "sudo ufw route allow proto tcp to 10.0.0.5 port 22";
    expect([routed, forwarded].flatMap((one) => to("ufw", one))).toEqual(
      [routed, forwarded].map((one) => `ufw blocks ${one}, ${anyway}: ${command}; ${stay(one)}`),
    );
  });

  test("firewalld drops a routed service, and accepts what was translated", () => {
    const routed = "tcp/22 to 10.0.0.5";
    expect(to("firewalld-12", routed)).toEqual([
      `firewalld blocks ${routed}, ${anyway}: let a policy of firewalld forward tcp/22 to 10.0.0.5 (firewalld.policies(5)); ${stay(routed)}`,
    ]);
    expect(to("firewalld-12", "tcp/2222 -> 10.0.0.5:22")).toEqual([]);
  });

  test("rules for another host do not count, and the family of the host does", () => {
    const saved4 =
      "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n-A FORWARD -d 10.0.0.0/24 -j ACCEPT\nCOMMIT\n";
    const rules = readRulesets({
      ...{ nft: "", saved4, saved6: "", legacy4: "", legacy6: "" },
      version: "iptables v1.8.9 (nf_tables)\n",
    });
    const interfaces = new Map([4, 6].map((family) => [family as 4 | 6, ["eth0"]] as const));
    const judge = (service: string) => {
      const parsed = parseDoorService(service);
      return judgeServices(parsed ? [parsed] : [], rules, { interfaces }).map(
        ({ onlyOver, remedies }) => [onlyOver, ...remedies.map(({ command }) => command)],
      );
    };
    expect(judge("tcp/22 to 10.0.0.5")).toEqual([]);
    const command = "iptables -I FORWARD -d 10.1.0.0/16 -p tcp --dport 22 -j ACCEPT";
    expect(judge("tcp/22 to 10.1.0.0/16")).toEqual([[undefined, command]]);
    expect(judge("tcp/22 to 10.1.0.0/16 and fd00::5")).toEqual([[4, command]]);
    expect(judge("tcp/22 to 10.0.0.0/8")).toEqual([]);
    expect(judge("tcp/22 to fd00::5")).toEqual([]);
  });
});

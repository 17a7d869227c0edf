// What src/firewall/foreign says of rules beside ours, held against what the kernel does with packets.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../src/base/service.ts";
import { findBlockedServices } from "../../src/firewall/foreign/blocks.ts";
import type { BlockedReport } from "../../src/setup/blocked-services.ts";
import { describeBlocked } from "../../src/setup/blocked-services.ts";
import type { LiveHost } from "./host.ts";
import { enter } from "./namespace.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const port = 22;
const ssh: Service = { protocol: "tcp", port };
const established = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";

/** A ruleset of nft with one chain that the kernel gives packets to. */
const chain = (hook: string, policy: string, ...rules: string[]) =>
  `nft -f - <<'END'
table inet other {
  set ports { type inet_service; elements = { 22 }; }
  map verdicts { type inet_service : verdict; elements = { 22 : drop }; }
  chain accepting { accept; }
  chain main { type filter hook ${hook}; policy ${policy}; ${rules.join("; ")}; }
}
END`;

/** What keeps the port shut for certain, and is named with a line that opens it. */
const shutting: readonly [name: string, rules: string][] = [
  ["a policy of iptables", "iptables -P INPUT DROP"],
  ["a rule of iptables", "iptables -A INPUT -p tcp --dport 22 -j DROP"],
  ["a rule of iptables that rejects", "iptables -A INPUT -p tcp --syn -j REJECT"],
  ["a table before ours", "iptables -t raw -A PREROUTING -p tcp --dport 20:30 -j DROP"],
  [
    "a table at ours",
    "iptables -t mangle -A PREROUTING -p tcp -m multiport --dports 22,23 -j DROP",
  ],
  [
    "connections that exist, and no others",
    `iptables -P INPUT DROP; iptables -A INPUT ${established}; iptables -A INPUT -i lo -j ACCEPT`,
  ],
  ["a chain of iptables", "iptables -N in; iptables -A INPUT -j in; iptables -A in -p tcp -j DROP"],
  ["sources that are not named", "iptables -A INPUT ! -s 192.0.2.0/24 -p tcp -j DROP"],
  ["a policy of nft", chain("input priority 0", "drop", "ct state established accept")],
  ["a rule of nft", chain("input priority 10", "accept", "tcp dport { 20-22, 80 } drop")],
  ["a map of verdicts", chain("input priority 0", "accept", "tcp dport vmap { 22 : drop }")],
  [
    "a map of states",
    chain("input priority 0", "drop", "ct state vmap { established : accept, invalid : drop }"),
  ],
  ["an early chain of nft", chain("prerouting priority -400", "accept", "meta l4proto tcp drop")],
  ["flags", chain("input priority 0", "accept", "tcp flags & (fin|syn|rst|ack) == syn reject")],
  ["a family", chain("input priority 0", "accept", "meta nfproto ipv4 tcp dport ssh drop")],
  [
    "the interface",
    chain("prerouting priority 0", "accept", 'iifname "eth*" meta pkttype host tcp dport 22 drop'),
  ],
  [
    "what is local",
    chain("prerouting priority 0", "accept", "fib daddr type local tcp dport 22 drop"),
  ],
];

/** What lets the port pass, or depends on what cannot be known. */
const passing: readonly [name: string, rules: string][] = [
  ["nothing", "true"],
  [
    "a rule that accepts the port",
    `iptables -P INPUT DROP; iptables -A INPUT ${established}; iptables -A INPUT -p tcp --dport 22 -j ACCEPT`,
  ],
  [
    "fail2ban's rules",
    "iptables -N f2b; iptables -A INPUT -p tcp -m multiport --dports 22 -j f2b; iptables -A f2b -s 192.0.2.7 -j REJECT; iptables -A f2b -j RETURN",
  ],
  [
    "a limit",
    "iptables -A INPUT -p tcp --syn -m limit --limit 9/s -j ACCEPT; iptables -A INPUT -p tcp --syn -j DROP",
  ],
  ["what is not local", chain("prerouting priority 0", "accept", "fib daddr type != local drop")],
  [
    "a set",
    chain("input priority 0", "drop", "ct state established accept", "tcp dport @ports accept"),
  ],
  ["a chain", chain("input priority 0", "drop", "jump accepting")],
  [
    "a list",
    chain("input priority 0", "drop", "tcp dport { 22, 80 } accept", "ct state established accept"),
  ],
  [
    "invalid packets",
    chain(
      "input priority 0",
      "accept",
      "ct state invalid drop",
      "tcp flags & (fin|syn) == (fin|syn) drop",
    ),
  ],
  ["another port", chain("input priority 0", "accept", "tcp dport != 22 tcp flags syn drop")],
  [
    "what has no way back",
    chain("prerouting priority -300", "accept", "fib saddr . iif oif missing drop"),
  ],
];

describe.skipIf(needs("nft", "iptables"))("rules beside ours", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let leave = async () => {};

  beforeAll(async () => {
    network = await LiveNetwork.open();
    server = network.host("server");
    client = network.host("client");
    await server.ip("route", "add", "default", "via", client.address);
    await server.listen(port, server.address);
    leave = await enter(server);
  });
  afterEach(async () => {
    await sh("nft flush ruleset");
  });
  afterAll(async () => {
    await leave();
    await network?.close();
  });

  const sh = (text: string) => run(["sh", "-ec", text]);
  const connects = () => client.canConnect(server.address, port, 300);
  async function blocked(): Promise<BlockedReport | undefined> {
    const [found] = await findBlockedServices([ssh]);
    return found && describeBlocked(found, true);
  }

  test.each(shutting)("%s", async (_, rules) => {
    await sh(rules);
    expect(await connects()).not.toBe("open");
    const { message = "", remedies = [] } = (await blocked()) ?? {};
    expect(message).toContain(" blocks tcp/22");
    for (const { command = "false" } of remedies) await sh(command.replaceAll("sudo ", ""));
    expect(await connects()).toBe("open");
    expect(await blocked()).toBeUndefined();
  });

  test.skipIf(needs("iptables-legacy"))("a table of older iptables", async ({ skip }) => {
    const { code } = await run(["iptables-legacy", "-S"], { ok: "any" });
    if (code !== 0) skip("this kernel has no such tables");
    await sh("iptables-legacy -A INPUT -p tcp --dport 22 -j DROP");
    expect(await connects()).toBe("silent");
    const [remedy, ...rest] = (await blocked())?.remedies ?? [];
    expect(rest).toEqual([]);
    await sh(remedy?.command ?? "false");
    expect(await connects()).toBe("open");
    expect(await blocked()).toBeUndefined();
    await sh("iptables-legacy -F INPUT");
  });

  test.each(passing)("not %s", async (_, rules) => {
    await sh(rules);
    expect(await connects()).toBe("open");
    expect(await blocked()).toBeUndefined();
  });
});

// Which ports are no decoys: those on which something listens, and those that the packet filter sends on.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { openedDoors } from "./opened-doors.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

describe.skipIf(needs("nft", "iptables-save"))("a port is no decoy", () => {
  const door = "[x]\nsequence = 7000,9000\ntcpflags = syn\ndecoys = 1\ncommand = true\n";
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeEach(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterEach(() => network.close());

  /** The door's one decoy would be 7001. */
  const knockOver = async (port: number) => {
    await knock(client, server.address, 7000, port, 9000);
  };
  const openings = (daemon: Process) => openedDoors(daemon, client.address).length;
  const opensOver = async (port: number, daemon: Process) => {
    const before = openings(daemon);
    const again = async () => {
      await knockOver(port);
      return openings(daemon);
    };
    // What the packet filter says is asked for after the start.
    await expect.poll(again, { interval: 500 }).toBeGreaterThan(before);
  };

  test("unless nothing else is known of it", async () => {
    const daemon = await startKnockd(server, door);
    await knockOver(7001);
    await daemon.waitFor(/^\S+: x: Stage 1$/m);
    await knock(client, server.address, 7000, 7002, 9000);
    await daemon.waitFor(/^\S+: x: OPEN SESAME$/m);
    expect(openings(daemon)).toBe(1);
  });

  test.each([
    ["iptables", "iptables -t nat -A PREROUTING -p tcp --dport 7001 -j DNAT --to 10.9.9.9:80"],
    [
      "a chain of iptables",
      "iptables -t nat -A PREROUTING -p tcp -m multiport --dports 80,7001 -j REDIRECT",
    ],
    [
      "nft",
      "nft add table t; nft add chain t c { type nat hook prerouting priority -100 ; }; nft add rule t c tcp dport 7001 redirect to 80",
    ],
    [
      "a map of nft's",
      "nft add table t; nft add chain t c { type nat hook prerouting priority -100 ; }; nft add rule t c dnat to tcp dport map { 7001 : 10.9.9.9, 80 : 10.9.9.8 }",
    ],
  ])("from which %s sends packets on", async (_, rules) => {
    for (const rule of rules.split(/; (?=nft)/)) await server.run(rule.split(" "));
    const daemon = await startKnockd(server, door);
    await opensOver(7001, daemon);
    const before = openings(daemon);
    await knockOver(7002);
    await knock(client, server.address, 7000, 9000);
    await daemon.waitFor(new RegExp(`(OPEN SESAME[\\s\\S]*){${before + 1}}`));
    expect(openings(daemon)).toBe(before + 1);
  });

  test("on which something listens, or begins to", async () => {
    await server.listen(7001);
    const daemon = await startKnockd(server, door);
    await knockOver(7001);
    await daemon.waitFor(/^\S+: x: OPEN SESAME$/m);
    await server.listen(7002);
    await opensOver(7002, daemon);
  });
});

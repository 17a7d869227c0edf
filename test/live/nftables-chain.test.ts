import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import type { Service } from "../../src/base/service.ts";
import { parseService } from "../../src/base/service.ts";
import type { Loss } from "../../src/firewall/backend.ts";
import { NftablesFirewall } from "../../src/firewall/nftables/nftables.ts";
import type { LiveHost } from "./host.ts";
import { enter } from "./namespace.ts";
import { closeDoor, openDoor, removeTable } from "./native-doors.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import {
  answersUdp,
  dialTcp,
  echoTcp,
  echoUdp,
  goesOn,
  resetTcp,
  talkTcp,
  talkUdp,
} from "./session.ts";

const services = (...texts: string[]): Service[] =>
  texts.flatMap((text) => parseService(text) ?? []);

const address = (text: string) => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
};

/** Long enough for an answer on this network, and short enough that Linux sends one SYN. */
const patience = 400;
const minute = 60_000;

/** The rules of the chain, one by one, on real packets. */
describe.skipIf(needs("nft", "hping3"))("a protected host", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let other: LiveHost;
  let leave = async () => {};
  let nftables: NftablesFirewall | undefined;
  const losses: Loss[] = [];

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client", "other"]);
    [server, client, other] = ["server", "client", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    leave = await enter(server);
    await Promise.all([22, 23].map((port) => echoTcp(server, port)));
    await resetTcp(server, 25);
  });

  afterEach(async () => {
    if (nftables !== undefined) await removeTable(nftables);
    nftables = undefined;
    expect(losses.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await leave();
    await network?.close();
  });

  async function protect(...texts: string[]): Promise<NftablesFirewall> {
    nftables = await NftablesFirewall.start(
      { table: "sesame", onLoss: (loss) => losses.push(loss), onProblem: () => {} },
      services(...texts),
    );
    return nftables;
  }

  /** The addresses of both families that this kernel has. */
  const both = (host: LiveHost) =>
    LiveNetwork.hasIPv6 ? [host.address, host.address6] : [host.address];

  test("drops new connections to the service, and to no other", async () => {
    await protect("tcp/22");
    for (const target of both(server)) {
      expect(await client.canConnect(target, 22, patience)).toBe("silent");
      expect(await client.canConnect(target, 23, patience)).toBe("open");
      expect(await client.canConnect(target, 24, patience)).toBe("refused");
    }
  });

  test("lets an open source in, alone, to what is open, over its own family", async () => {
    const doors = await protect("tcp/22", "tcp/23");
    await openDoor(doors, address(client.address), services("tcp/22"), minute);
    expect(await client.canConnect(server.address, 22, patience)).toBe("open");
    expect(await client.canConnect(server.address, 23, patience)).toBe("silent");
    expect(await other.canConnect(server.address, 22, patience)).toBe("silent");
    if (!LiveNetwork.hasIPv6) return;
    expect(await client.canConnect(server.address6, 22, patience)).toBe("silent");
    await openDoor(doors, address(client.address6), services("tcp/23"), minute);
    expect(await client.canConnect(server.address6, 23, patience)).toBe("open");
    expect(await client.canConnect(server.address6, 22, patience)).toBe("silent");
  });

  test("leaves what comes in on lo alone", async () => {
    await protect("tcp/22", "icmp");
    const own = [
      "127.0.0.1",
      server.address,
      ...(LiveNetwork.hasIPv6 ? ["::1", server.address6] : []),
    ];
    for (const target of own) {
      expect(await server.canConnect(target, 22, patience)).toBe("open");
      expect(await server.pings(target, patience)).toBe(true);
    }
  });

  test("answers echo requests only to an open source", async () => {
    const doors = await protect("icmp");
    for (const [from, target] of both(client).map((from, i) => [from, both(server)[i] ?? ""])) {
      expect(await client.pings(target ?? "", patience)).toBe(false);
      await openDoor(doors, address(from ?? ""), services("icmp"), minute);
      expect(await client.pings(target ?? "", patience)).toBe(true);
      expect(await other.pings(target ?? "", patience)).toBe(false);
    }
    expect(await client.canConnect(server.address, 22, patience)).toBe("open");
  });

  test("answers no echo request with a code that nobody sends", async () => {
    await protect("icmp");
    const odd = ["hping3", "-q", "-c", "1", "--icmp", "-C", "8", "-K", "1", server.address];
    expect((await client.run(odd, { ok: "any" })).stderr).toContain("0 packets received");
    await nftables?.protect([]);
    expect((await client.run(odd, { ok: "any" })).stderr).toContain("1 packets received");
  });

  test("ends a ping that goes on when its time is over", async () => {
    const doors = await protect("icmp");
    await openDoor(doors, address(client.address), services("icmp"), minute);
    const ping = client.start(["ping", "-n", "-i", "0.2", "-c", "10", server.address]);
    await ping.waitFor(/icmp_seq=3/);
    await closeDoor(doors, address(client.address), services("icmp"));
    expect((await ping.ended).stdout).not.toMatch(/icmp_seq=(6|7|8|9|10)\b/);
  });

  test("answers echo requests while icmp is not protected", async () => {
    await protect("tcp/22");
    for (const target of both(server)) expect(await client.pings(target, patience)).toBe(true);
  });

  test.skipIf(!LiveNetwork.hasIPv6)("leaves neighbour discovery alone", async () => {
    await protect("icmp", "tcp/22");
    await client.ip("-6", "neigh", "flush", "all");
    await server.ip("-6", "neigh", "flush", "all");
    expect(await client.canConnect(server.address6, 23, patience)).toBe("open");
  });

  test.each(["address", "address6"] as const)(
    "lets a connection go on after the door closed (%s)",
    async (family) => {
      if (family === "address6" && !LiveNetwork.hasIPv6) return;
      const doors = await protect("tcp/22");
      await openDoor(doors, address(client[family]), services("tcp/22"), minute);
      const talk = talkTcp(client, server[family], 22);
      await goesOn(talk);
      await closeDoor(doors, address(client[family]), services("tcp/22"));
      await goesOn(talk);
      expect(await client.canConnect(server[family], 22, patience)).toBe("silent");
      await talk.stop();
    },
  );

  describe.each(LiveNetwork.hasIPv6 ? (["address", "address6"] as const) : (["address"] as const))(
    "whatever conntrack remembers (%s)",
    (family) => {
      const dial = (port: number, text?: string) => dialTcp(client, server[family], 25, port, text);
      const open = (doors: NftablesFirewall) =>
        openDoor(doors, address(client[family]), services("tcp/25"), minute);
      const close = (doors: NftablesFirewall) =>
        closeDoor(doors, address(client[family]), services("tcp/25"));

      test("drops who dials again from the port of a connection that the server reset", async () => {
        const doors = await protect("tcp/25");
        await open(doors);
        expect(await dial(20_001, "x")).toBe("open ECONNRESET");
        expect(await dial(20_001, "x")).toBe("open ECONNRESET");
        await close(doors);
        for (let times = 0; times < 3; times++) expect(await dial(20_001, "x")).toBe("silent");
        await open(doors);
        expect(await dial(20_001, "x")).toBe("open ECONNRESET");
      });

      test("drops who was connected before the protection and dials again", async () => {
        const first = dial(20_002, "");
        const talk = talkTcp(client, server[family], 22, 20_003);
        await goesOn(talk);
        expect(await first).toBe("open");
        const doors = await protect("tcp/22", "tcp/25");
        // From here on conntrack knows the connection, which it has not seen begin.
        await goesOn(talk);
        await server.run(["ss", "-K", "-tn", "dst", `[${client[family]}]`, "dport", "=", ":20003"]);
        await talk.waitFor(/ECONNRESET/);
        expect(await dialTcp(client, server[family], 22, 20_003)).toBe("silent");
        expect(await dial(20_002)).toBe("silent");
        await doors.protect([]);
        expect(await dial(20_002)).toBe("open");
      });

      test("drops who hung up and dials again", async () => {
        const doors = await protect("tcp/25");
        await open(doors);
        expect(await dial(20_004)).toBe("open");
        await close(doors);
        expect(await dial(20_004)).toBe("silent");
      });

      test("drops who is not tracked, and lets a session that is not tracked go on", async () => {
        const doors = await protect("tcp/22", "tcp/25", "udp/53");
        const listener = await echoUdp(server, 53);
        const notrack = "type filter hook prerouting priority raw; notrack;";
        await server.run(["nft", `table inet raw { chain in { ${notrack} }; }`]);
        await openDoor(doors, address(client[family]), services("tcp/22", "udp/53"), minute);
        const talk = talkTcp(client, server[family], 22);
        await goesOn(talk);
        await expect.poll(() => answersUdp(client, server[family], 53)).toBe(true);
        await closeDoor(doors, address(client[family]), services("tcp/22", "udp/53"));
        await goesOn(talk);
        expect(await dial(20_005)).toBe("silent");
        expect(await answersUdp(client, server[family], 53)).toBe(false);
        await server.run(["nft", "delete table inet raw"]);
        await Promise.all([talk.stop(), listener.stop()]);
      });
    },
  );

  test("lets a connection from before the protection go on, unknown to conntrack", async () => {
    const talk = talkTcp(client, server.address, 22);
    await goesOn(talk);
    expect((await server.run(["nft", "list", "ruleset"])).stdout).toBe("");
    await protect("tcp/22");
    await goesOn(talk);
    expect(await client.canConnect(server.address, 22, patience)).toBe("silent");
    await talk.stop();
  });

  test("drops SYN without ACK, and nothing else of TCP", async () => {
    // A late packet of an earlier connection would be taken for an answer.
    const earlier = async () => (await server.run(["ss", "-Htn", "sport = :22"])).stdout;
    await expect.poll(earlier).toBe("");
    await protect("tcp/22");
    const sends = async (...flags: string[]) => {
      const argv = ["hping3", "-q", "-c", "1", "-p", "22", ...flags, server.address];
      return (await client.run(argv, { ok: "any" })).stderr.includes("1 packets received");
    };
    expect(await sends("-S")).toBe(false);
    expect(await sends("-S", "-P", "-U")).toBe(false);
    await expect.poll(() => sends("-A")).toBe(true);
    await expect.poll(() => sends("-S", "-A")).toBe(true);
  });

  test("drops datagrams to the service, but not within a flow from an open door", async () => {
    const port = 51820;
    const listener = await echoUdp(server, port);
    const doors = await protect(`udp/${port}`);
    for (const [i, target] of both(server).entries()) {
      const source = address(both(client)[i] ?? "");
      expect(await answersUdp(client, target, port)).toBe(false);
      await openDoor(doors, source, services(`udp/${port}`), minute);
      await expect.poll(() => answersUdp(client, target, port)).toBe(true);
      expect(await answersUdp(other, target, port)).toBe(false);
      const talk = talkUdp(client, target, port);
      await goesOn(talk);
      await closeDoor(doors, source, services(`udp/${port}`));
      await goesOn(talk);
      expect(await answersUdp(client, target, port)).toBe(false);
      await talk.stop();
    }
    await listener.stop();
  });

  test("drops broadcast datagrams to the service too", async () => {
    const [closed, free] = [await echoUdp(server, 5000), await echoUdp(server, 5001)];
    await protect("udp/5000");
    await answersUdp(client, "10.77.0.255", 5000, "closed");
    await answersUdp(client, "10.77.0.255", 5001, "free");
    await free.waitFor(/got free/);
    expect(closed.stdout).not.toContain("got");
    await Promise.all([closed.stop(), free.stop()]);
  });

  test("leaves forwarded packets alone", async () => {
    const inner = "10.88.0.3";
    await server.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
    // Or the client learns of a shorter way, past the server.
    for (const name of ["all", "eth0"]) {
      const setting = `/proc/sys/net/ipv4/conf/${name}/send_redirects`;
      await server.run(["sh", "-c", `echo 0 >${setting}`]);
    }
    await server.ip("address", "add", "10.88.0.1/24", "dev", "eth0");
    await other.ip("address", "add", `${inner}/24`, "dev", "eth0");
    await client.ip("route", "add", "10.88.0.0/24", "via", server.address);
    const listener = await echoTcp(other, 22);
    await protect("tcp/22", "icmp");
    expect(await client.canConnect(inner, 22, patience)).toBe("open");
    expect(await client.pings(inner, patience)).toBe(true);
    expect(await client.canConnect("10.88.0.1", 22, patience)).toBe("silent");
    await server.run(["sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward"]);
    expect(await client.canConnect(inner, 22, patience)).not.toBe("open");
    await client.ip("route", "del", "10.88.0.0/24");
    await listener.stop();
  });

  test("covers a port that is translated to another host's", async () => {
    const listener = await echoTcp(other, 80);
    await server.run(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
    const to = ["-j", "DNAT", "--to-destination", `${other.address}:80`];
    const nat = ["iptables", "-t", "nat", "-A"];
    await server.run([...nat, "PREROUTING", "-p", "tcp", "--dport", "8080", ...to]);
    await server.run([...nat, "POSTROUTING", "-j", "MASQUERADE"]);
    expect(await client.canConnect(server.address, 8080, patience)).toBe("open");
    const doors = await protect("tcp/8080");
    expect(await client.canConnect(server.address, 8080, patience)).toBe("silent");
    await openDoor(doors, address(client.address), services("tcp/8080"), minute);
    const talk = talkTcp(client, server.address, 8080);
    await goesOn(talk);
    await closeDoor(doors, address(client.address), services("tcp/8080"));
    await goesOn(talk);
    expect(await client.canConnect(server.address, 8080, patience)).toBe("silent");
    await talk.stop();
    await server.run(["iptables", "-t", "nat", "-F"]);
    await listener.stop();
  });

  test("is not overruled by an accept in somebody else's chain", async () => {
    const chain = (hook: string, priority: number) =>
      `chain ${hook} { type filter hook ${hook} priority ${priority}; tcp dport 22 accept; }\n`;
    const chains = `${chain("prerouting", -155)}${chain("input", 0)}`;
    await server.run(["nft", `table inet theirs { ${chains} }`]);
    await protect("tcp/22");
    expect(await client.canConnect(server.address, 22, patience)).toBe("silent");
    await server.run(["nft", "delete table inet theirs"]);
  });

  test("lets everybody in after unprotect, and knows the open ones when it is protected again", async () => {
    const doors = await protect("tcp/22");
    await openDoor(doors, address(client.address), services("tcp/22"), minute);
    await doors.protect([]);
    expect(await other.canConnect(server.address, 22, patience)).toBe("open");
    await doors.protect(services("tcp/22"));
    expect(await other.canConnect(server.address, 22, patience)).toBe("silent");
    expect(await client.canConnect(server.address, 22, patience)).toBe("open");
  });

  test("closes on time by itself, though the program is gone", async () => {
    const doors = await protect("tcp/22");
    const begin = performance.now();
    await openDoor(doors, address(client.address), services("tcp/22"), 1_500);
    await doors.release();
    nftables = undefined;
    expect(await client.canConnect(server.address, 22, patience)).toBe("open");
    while ((await client.canConnect(server.address, 22, patience)) === "open");
    // How long a busy machine takes to see it says nothing.
    expect(performance.now() - begin).toBeGreaterThan(1_490);
    await protect("tcp/22");
  });
});

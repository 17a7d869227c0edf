// Doors for hosts behind this one: a gateway between the side of the clients and that of an inner host.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import { answersUdp, echoTcp, echoUdp, goesOn, talkTcp } from "./session.ts";

/** The other side of the gateway. */
const inside = {
  gateway: { 4: "10.78.0.1", 6: "fd78::1" },
  inner: { 4: "10.78.0.5", 6: "fd78::5" },
} as const;

const families = LiveNetwork.hasIPv6 ? ([4, 6] as const) : ([4] as const);
type Family = 4 | 6;

describe.skipIf(needs("nft", "conntrack"))("a door for hosts behind this one", () => {
  let network: LiveNetwork;
  let gateway: LiveHost;
  let inner: LiveHost;
  let client: LiveHost;
  let stranger: LiveHost;
  let server: Server;

  beforeEach(async () => {
    const names = ["gateway", "client", "stranger", "inner"];
    network = await LiveNetwork.open(names);
    [gateway, client, stranger, inner] = names.map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await takeInside();
    await Promise.all([echoTcp(inner, 22), echoTcp(inner, 80), echoUdp(inner, 53)]);
  });
  afterEach(() => network.close());

  /** Moves the inner host to a network of its own, behind the gateway. */
  async function takeInside(): Promise<void> {
    await run([
      "ip",
      ...["-n", gateway.namespace, "link", "add", "eth1", "type", "veth"],
      ...["peer", "name", "eth1", "netns", inner.namespace],
    ]);
    await inner.ip("link", "set", "eth0", "down");
    for (const host of [gateway, inner]) await host.ip("link", "set", "eth1", "up");
    for (const family of families) {
      const bits = family === 4 ? "24" : "64";
      const nodad = family === 4 ? [] : ["nodad"];
      const ip = `-${family}`;
      const add = (host: LiveHost, address: string) =>
        host.ip("address", "add", `${address}/${bits}`, ...nodad, "dev", "eth1");
      await add(gateway, inside.gateway[family]);
      await add(inner, inside.inner[family]);
      await inner.ip(ip, "route", "add", "default", "via", inside.gateway[family]);
      for (const host of [client, stranger]) {
        await host.ip(ip, "route", "add", inside.inner[family], "via", addressOf(gateway, family));
      }
    }
    const settings = ["net.ipv4.ip_forward=1"];
    if (LiveNetwork.hasIPv6) settings.push("net.ipv6.conf.all.forwarding=1");
    await gateway.run(["sysctl", "-qw", ...settings]);
  }

  const addressOf = (host: LiveHost, family: Family) =>
    family === 4 ? host.address : host.address6;

  async function serve(lines: string, options = "Interface = eth0"): Promise<void> {
    server = new Server(gateway, `[x]\nsequence = 7003,7001\ntcpflags = syn\n${lines}\n`, options);
    await server.start();
  }

  /** Knocks, and waits until that has opened the door. */
  async function open(family: Family): Promise<void> {
    await knock(client, addressOf(gateway, family), 7003, 7001);
    const source = addressOf(client, family);
    await expect
      .poll(() => server.ask("leases"), { timeout: 10_000 })
      .toMatchObject({ leases: expect.arrayContaining([expect.objectContaining({ source })]) });
  }

  const reaches = (host: LiveHost, address: string, port: number) =>
    host.canConnect(address, port, 500);

  describe.each(families)("over IPv%i", (family) => {
    const target = inside.inner[family];
    const both = Object.values(inside.inner).slice(0, families.length).join(", ");

    test("opens services of hosts that this one routes to, to the source that knocked alone", async () => {
      expect(await reaches(stranger, target, 22)).toBe("open");
      await serve(`open = tcp/22, udp/53\nto = ${both}\nprotect = yes\nopen_for = 1h`);
      expect(await reaches(client, target, 22)).toBe("silent");
      expect(await answersUdp(client, target, 53)).toBe(false);
      expect(await reaches(client, target, 80)).toBe("open");
      await open(family);
      expect(await reaches(client, target, 22)).toBe("open");
      expect(await answersUdp(client, target, 53)).toBe(true);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      expect(await answersUdp(stranger, target, 53)).toBe(false);
    });

    test.each(["", "\nmasquerade = yes"])(
      "forwards ports for the source that knocked alone%s",
      async (more) => {
        const arrow = family === 4 ? target : `[${target}]`;
        await serve(
          `open = tcp/2222 -> ${arrow}:22, udp/5353 -> ${arrow}:53\nopen_for = 1h${more}`,
        );
        const outer = addressOf(gateway, family);
        expect(await reaches(client, outer, 2222)).toBe("silent");
        await open(family);
        const talk = talkTcp(client, outer, 2222);
        await goesOn(talk);
        expect(await answersUdp(client, outer, 5353)).toBe(true);
        const { stdout } = await inner.run(["ss", "-Htn", "state", "established", "sport = :22"]);
        const seen = more === "" ? addressOf(client, family) : inside.gateway[family];
        expect(stdout).toContain(seen);
        expect(await reaches(stranger, outer, 2222)).toBe("silent");
        expect(await answersUdp(stranger, outer, 5353)).toBe(false);
      },
    );
  });
});

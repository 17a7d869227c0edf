// Doors for hosts behind this one: a gateway between the side of the clients and that of an inner host.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";
import { Server } from "./server.ts";
import {
  answersUdp,
  beats,
  dialTcp,
  echoTcp,
  echoUdp,
  goesOn,
  talkTcp,
  talkUdp,
} from "./session.ts";

/** Fulfilled when nothing comes back any more. */
async function ends(talk: Process): Promise<void> {
  const counted = async () => {
    const before = beats(talk);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return beats(talk) - before;
  };
  await expect.poll(counted, { timeout: 10_000 }).toBe(0);
}

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

    test("lets sessions go on, and takes a SYN for a beginning whatever conntrack knows", async () => {
      const before = talkTcp(client, target, 22, 40_001);
      await goesOn(before);
      await serve(`open = tcp/22\nto = ${both}\nprotect = yes\nopen_for = 1h`);
      await goesOn(before);
      await open(family);
      const during = talkTcp(client, target, 22, 40_002);
      await goesOn(during);
      await server.ask("close all");
      await goesOn(before);
      await goesOn(during);
      expect(await reaches(client, target, 22)).toBe("silent");
      // conntrack remembers the connection between these ports for a while.
      during.signal("SIGKILL");
      await during.ended;
      expect(await dialTcp(client, target, 22, 40_002)).toBe("silent");
    });

    test("is shut by --cut for what went through it, in both directions", async () => {
      await serve(`open = tcp/22, udp/53\nto = ${both}\nprotect = yes\nopen_for = 1h`);
      await open(family);
      const [tcp, udp, elsewhere] = [
        talkTcp(client, target, 22),
        talkUdp(client, target, 53),
        talkTcp(client, target, 80),
      ];
      for (const talk of [tcp, udp, elsewhere]) await goesOn(talk);
      const source = addressOf(client, family);
      expect(await server.ask(`close ${source} --cut`)).toMatchObject({ connectionsCut: 2 });
      await Promise.all([tcp, udp].map(ends));
      await goesOn(elsewhere);
      await open(family);
      const again = talkTcp(client, target, 22);
      await goesOn(again);
      // The one that was cut did not come back with the door.
      await ends(tcp);
    });

    test("is shut by --cut where it forwards a port", async () => {
      const arrow = family === 4 ? target : `[${target}]`;
      await serve(`open = tcp/2222 -> ${arrow}:22, udp/5353 -> ${arrow}:53\nopen_for = 1h`);
      await open(family);
      const outer = addressOf(gateway, family);
      const [tcp, udp] = [talkTcp(client, outer, 2222), talkUdp(client, outer, 5353)];
      for (const talk of [tcp, udp]) await goesOn(talk);
      const source = addressOf(client, family);
      expect(await server.ask(`close ${source} --cut`)).toMatchObject({ connectionsCut: 2 });
      await Promise.all([tcp, udp].map(ends));
      expect(await reaches(client, outer, 2222)).toBe("silent");
    });

    test("outlives a restart, a flush of the rules and a reload, and ends with its door", async () => {
      const door = `open = tcp/22\nto = ${both}\nprotect = yes\nopen_for = 1h`;
      await serve(door);
      await open(family);
      await server.kill();
      expect(await reaches(client, target, 22)).toBe("open");
      expect(await reaches(stranger, target, 22)).toBe("silent");
      await server.start();
      await gateway.run(["nft", "flush ruleset"]);
      await expect.poll(() => server.table(), { timeout: 10_000 }).toContain("chain routed");
      await expect.poll(() => reaches(client, target, 22), { timeout: 10_000 }).toBe("open");
      expect(await reaches(stranger, target, 22)).toBe("silent");
      server.configure("[y]\nsequence = 1\nopen = tcp/80\n");
      await server.ask("reload");
      expect(await reaches(stranger, target, 22)).toBe("open");
      expect(await server.table()).not.toMatch(/routed|forwarded|(?:open\d|protected)_|cut/);
    });

    test("ends with unprotect, with and without the daemon, and is in the rules of the next boot", async () => {
      await serve(`open = tcp/22\nto = ${both}\nprotect = yes`);
      const file = server.bootFile ?? "";
      await server.kill();
      await gateway.run(["nft", "flush ruleset"]);
      expect(await reaches(client, target, 22)).toBe("open");
      await gateway.run(["nft", "-f", file]);
      expect(await reaches(client, target, 22)).toBe("silent");
      await server.knockctl(`unprotect --config ${server.config}`);
      expect(await reaches(client, target, 22)).toBe("open");
      await server.start();
      expect(await reaches(client, target, 22)).toBe("silent");
      const name = `tcp/22 to ${both.split(", ").join(" and ")}`;
      expect(await server.ask("status")).toMatchObject({
        status: { firewall: { protects: [name] }, problems: [] },
      });
      expect(await server.ask("unprotect")).toMatchObject({ services: [] });
      expect(await reaches(client, target, 22)).toBe("open");
    });

    test.each([
      ["routes to", `open = tcp/22\nto = ${both}\nprotect = yes`, target, 22],
      [
        "forwards a port to",
        Object.values(inside.inner)
          .slice(0, families.length)
          .map((one) => `tcp/2222 -> ${one.includes(":") ? `[${one}]` : one}:22`)
          .join(", ")
          .replace(/^/, "open = "),
        undefined,
        2222,
      ],
    ] as const)(
      "is opened by the kernel while knockd is dead, for hosts that it %s",
      async (_, door, to, port) => {
        await serve(`${door}\nopen_for = 1h`, "Interface = eth0\nKernelDoors = yes");
        const { doors } = await server.ask<{ doors: { kernel: unknown }[] }>("doors");
        expect(doors.map(({ kernel }) => kernel)).toEqual([{ opens: true }]);
        await server.kill();
        const address = to ?? addressOf(gateway, family);
        expect(await reaches(client, address, port)).toBe("silent");
        await knock(client, addressOf(gateway, family), 7003, 7001);
        await expect.poll(() => reaches(client, address, port), { timeout: 10_000 }).toBe("open");
        expect(await reaches(stranger, address, port)).toBe("silent");
        await server.start();
        const source = addressOf(client, family);
        await expect
          .poll(() => server.ask("leases"), { timeout: 10_000 })
          .toMatchObject({ leases: [{ source, inKernel: true }] });
        await server.ask("close all");
        expect(await reaches(client, address, port)).toBe("silent");
      },
    );

    test("can be put on trial, and opens while it is", async () => {
      await serve(`open = tcp/22\nto = ${both}\nopen_for = 1h`);
      // What is open before the trial stays open.
      await open(family);
      server.begin("guard --for 300");
      await expect.poll(() => reaches(stranger, target, 22), { timeout: 10_000 }).toBe("silent");
      expect(await reaches(client, target, 22)).toBe("open");
      await server.ask("guard --confirm --from-console");
      await server.kill();
      await server.start();
      expect(await reaches(stranger, target, 22)).toBe("silent");
      expect(await reaches(client, target, 22)).toBe("open");
    });
  });
});

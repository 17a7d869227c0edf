// Doors for hosts behind this one: a gateway between the side of the clients and that of an inner host.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { knock, knockArgv } from "./knockd.ts";
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
  await expect.poll(counted).toBe(0);
}

/** Rules of the inner host that count what begins a connection to its port 22, also in fragments. */
const counters = `table inet count {
  counter syns { }
  chain input {
    type filter hook input priority 0;
    ct state invalid drop
    tcp dport 22 tcp flags & (syn | ack) == syn counter name syns
  }
}
`;

async function syns(host: LiveHost): Promise<number> {
  const { stdout } = await host.run(["nft", "list", "counter", "inet", "count", "syns"]);
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

/** Sends a SYN of this kind from an address to an address and port, or to it by another address. */
const crafter = `
import socket, struct, sys
kind, source, target, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
family = socket.AF_INET6 if ":" in target else socket.AF_INET
src, dst = socket.inet_pton(family, source), socket.inet_pton(family, target)
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
def tcp():
    head = struct.pack("!HHIIBBHHH", 40000 + len(kind), port, 1, 0, 6 << 4, 2, 1024, 0, 0)
    head += b"\\1\\1\\1\\1" + bytes(8)
    pseudo = src + dst + struct.pack("!II", len(head), 6)
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
out = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
def send4(body, flags=0, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(body), 7, flags, 64, 6, 0)
    out.sendto(head + src + dst + options + body, (target, 0))
def send6(body, following=6):
    out.sendto(struct.pack("!IHBB", 6 << 28, len(body), following, 64) + src + dst + body, (target, 0))
syn = tcp()
if family == socket.AF_INET:
    if kind == "plain": send4(syn)
    if kind == "fragments":
        send4(syn[:8], 0x2000)
        send4(syn[8:], 1)
    if kind == "source-route":
        option = bytes([131, 7, 4]) + dst + b"\\0"
        dst = socket.inet_pton(family, sys.argv[5])
        target = sys.argv[5]
        send4(syn, 0, option)
else:
    if kind == "plain": send6(syn)
    if kind == "options": send6(struct.pack("!BBBB", 6, 0, 1, 4) + bytes(4) + syn, 60)
    if kind == "fragments":
        # Linux drops a first fragment without the whole header of TCP.
        send6(struct.pack("!BBHI", 6, 0, 1, 9) + syn[:24], 44)
        send6(struct.pack("!BBHI", 6, 0, 24, 9) + syn[24:], 44)
`;

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
        for (const { [family]: address } of Object.values(inside)) {
          await host.ip(ip, "route", "add", address, "via", addressOf(gateway, family));
        }
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
      .poll(() => server.ask("leases"))
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
      await expect.poll(() => answersUdp(client, target, 53)).toBe(true);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      expect(await answersUdp(stranger, target, 53)).toBe(false);
    });

    test("is knocked at by the profile and the lines for ssh that knockctl client prints", async () => {
      await serve(`open = tcp/22\nto = ${target}\nprotect = yes\nopen_for = 1h`);
      const name = addressOf(gateway, family);
      const lines = await server.knockctl(
        `client x --config ${server.config} --host ${name} --json`,
      );
      const { profile, ssh } = JSON.parse(lines.stdout);
      expect(ssh).toContain(`Host ${target}\n`);
      const file = server.folder.write("knock.conf", `${profile.text}\n`);
      const command = /ProxyCommand knock (.*)/.exec(ssh)?.[1] ?? "";
      const words = command.replace("%h", target).replace("%p", "22").split(" ");
      const argv = [...knockArgv, "-F", file, ...words];
      const { stdout } = await client.run(argv, { input: "hello\n", timeout: 60_000 });
      expect(stdout).toBe("hello\n");
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
        await expect.poll(() => answersUdp(client, outer, 5353)).toBe(true);
        const { stdout } = await inner.run(["ss", "-Htn", "state", "established", "sport = :22"]);
        const seen = more === "" ? addressOf(client, family) : inside.gateway[family];
        expect(stdout).toContain(seen);
        expect(await reaches(stranger, outer, 2222)).toBe("silent");
        expect(await answersUdp(stranger, outer, 5353)).toBe(false);
      },
    );

    test("lets sessions go on, and takes a SYN for a beginning whatever conntrack knows", async () => {
      const before = talkTcp(client, target, 22, 20_001);
      await goesOn(before);
      await serve(`open = tcp/22\nto = ${both}\nprotect = yes\nopen_for = 1h`);
      await goesOn(before);
      await open(family);
      const during = talkTcp(client, target, 22, 20_002);
      await goesOn(during);
      await server.ask("close all");
      await goesOn(before);
      await goesOn(during);
      expect(await reaches(client, target, 22)).toBe("silent");
      // conntrack remembers the connection between these ports for a while.
      during.signal("SIGKILL");
      await during.ended;
      expect(await dialTcp(client, target, 22, 20_002)).toBe("silent");
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
      await expect.poll(() => server.table()).toContain("chain routed");
      await expect.poll(() => reaches(client, target, 22)).toBe("open");
      expect(await reaches(stranger, target, 22)).toBe("silent");
      server.configure("[y]\nsequence = 1\nopen = tcp/80\n");
      await server.ask("reload");
      expect(await reaches(stranger, target, 22)).toBe("open");
      expect(await server.table()).not.toMatch(/routed|forwarded|(?:open\d|protected)_|cut/);
    });

    test("is shut and opened on an interface whatever it is called, and while it is missing", async () => {
      await gateway.ip("link", "property", "add", "dev", "eth0", "altname", "outer0");
      const door = `open = tcp/22\nto = ${both}\nprotect = yes\nopen_for = 1h`;
      await serve(door, "Interface = outer0\nKernelDoors = yes");
      const rules = () => server.table();
      expect(await rules()).toMatch(/chain routed[^}]*iifname != "eth0" accept/);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      await gateway.ip("link", "set", "eth0", "name", "wan0");
      await expect.poll(rules).toMatch(/chain routed[^}]*iifname != "wan0" accept/);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      await gateway.ip("link", "property", "del", "dev", "wan0", "altname", "outer0");
      await expect.poll(rules).not.toMatch(/chain routed[^}]*iifname/);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      await gateway.ip("link", "property", "add", "dev", "wan0", "altname", "outer0");
      await expect.poll(rules).toMatch(/chain routed[^}]*iifname != "wan0" accept/);
      await server.kill();
      await knock(client, addressOf(gateway, family), 7003, 7001);
      await expect.poll(() => reaches(client, target, 22)).toBe("open");
      expect(await reaches(stranger, target, 22)).toBe("silent");
    });

    test("is shut on the bridge of a port that Interface names, and status and check say so", async () => {
      const [name, bits] = [addressOf(gateway, family), family === 4 ? "24" : "64"];
      await gateway.ip("link", "add", "br0", "type", "bridge");
      await gateway.ip("address", "del", `${name}/${bits}`, "dev", "eth0");
      await gateway.ip("link", "set", "eth0", "master", "br0");
      await gateway.ip("link", "set", "br0", "up");
      const nodad = family === 4 ? [] : ["nodad"];
      await gateway.ip("address", "add", `${name}/${bits}`, ...nodad, "dev", "br0");
      const door = `open = tcp/22\nto = ${both}\nprotect = yes\nopen_for = 1h`;
      await serve(door);
      expect(await server.table()).toMatch(/chain routed[^}]*iifname != "br0" accept/);
      expect(await reaches(stranger, target, 22)).toBe("silent");
      const text = "interface eth0 is a port of br0: knocks may not arrive, name br0";
      expect(server.daemon?.output).toContain(`warning: ${text}`);
      expect(await server.ask("status")).toMatchObject({
        status: { problems: [{ code: "interface-port", message: text }] },
      });
      expect(await server.ask("doors")).toMatchObject({
        doors: [{ kernel: { opens: false, why: "interface eth0 is a port of br0" } }],
      });
      expect((await server.knockctl(`check ${server.config}`)).stderr).toContain(
        "eth0 is a port of br0: knocks may not arrive",
      );
      await server.kill();
      await knock(client, name, 7003, 7001);
      expect(await reaches(client, target, 22)).toBe("silent");
      await serve(door, "Interface = br0");
      expect(server.daemon?.output).not.toContain("port of");
      await server.kill();
      await knock(client, name, 7003, 7001);
      await expect.poll(() => reaches(client, target, 22), { timeout: 10_000 }).toBe("open");
      expect(await reaches(stranger, target, 22)).toBe("silent");
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
        await expect.poll(() => reaches(client, address, port)).toBe("open");
        expect(await reaches(stranger, address, port)).toBe("silent");
        await server.start();
        const source = addressOf(client, family);
        await expect
          .poll(() => server.ask("leases"))
          .toMatchObject({ leases: [{ source, inKernel: true }] });
        await server.ask("close all");
        expect(await reaches(client, address, port)).toBe("silent");
      },
    );

    test.skipIf(needs("python3"))("has no other way in", async () => {
      await inner.run(["nft", "-f", "-"], { input: counters });
      const settings = "/proc/sys/net/ipv4/conf/*/accept_source_route";
      for (const host of [gateway, inner]) {
        await host.run(["sh", "-c", `for f in ${settings}; do echo 1 >$f; done`]);
      }
      const outer = addressOf(gateway, family);
      const source = addressOf(stranger, family);
      const craft = (kind: string, to: string, port: number) =>
        stranger.run(["python3", "-c", crafter, kind, source, to, `${port}`, outer]);
      const kinds = ["plain", "fragments", family === 6 ? "options" : "source-route"];
      // Without a door each of them reaches the host.
      for (const kind of kinds) {
        const before = await syns(inner);
        const arrives = async () => {
          await craft(kind, target, 22);
          return (await syns(inner)) > before;
        };
        await expect.poll(arrives, { timeout: 15_000, message: kind }).toBe(true);
      }
      const arrow = family === 4 ? target : `[${target}]`;
      const forward = `[y]\nsequence = 7004,7005\ntcpflags = syn\nopen = tcp/2222 -> ${arrow}:22\n`;
      await serve(`open = tcp/22, udp/53\nto = ${both}\nprotect = yes\nopen_for = 1h\n${forward}`);
      const arrived = await syns(inner);
      for (const kind of kinds) {
        await craft(kind, target, 22);
        await craft(kind, outer, 2222);
      }
      // From the other side to the forwarded port, and to an inner address by the gateway's.
      expect(await reaches(inner, inside.gateway[family], 2222)).toBe("silent");
      expect(await reaches(stranger, inside.gateway[family], 2222)).toBe("silent");
      // Rules of others that translate addresses lead to the same service.
      const ip = family === 4 ? "ip" : "ip6";
      const dnat = `tcp dport 8022 dnat ${ip} to ${arrow}:22`;
      const chain = "add chain inet other pre { type nat hook prerouting priority dstnat; }";
      const other = `add table inet other\n${chain}\nadd rule inet other pre ${dnat}\n`;
      await gateway.run(["nft", "-f", "-"], { input: other });
      expect(await reaches(stranger, outer, 8022)).toBe("silent");
      expect(await syns(inner)).toBe(arrived);
      await open(family);
      await craft("plain", target, 22);
      expect(await syns(inner)).toBe(arrived);
      expect(await reaches(client, target, 22)).toBe("open");
      expect(await syns(inner)).toBe(arrived + 1);
    });

    test("can be put on trial, and opens while it is", async () => {
      await serve(`open = tcp/22\nto = ${both}\nopen_for = 1h`);
      // What is open before the trial stays open.
      await open(family);
      server.begin("guard --for 300");
      await expect.poll(() => reaches(stranger, target, 22)).toBe("silent");
      expect(await reaches(client, target, 22)).toBe("open");
      await server.ask("guard --confirm --from-console");
      await server.kill();
      await server.start();
      expect(await reaches(stranger, target, 22)).toBe("silent");
      expect(await reaches(client, target, 22)).toBe("open");
    });
  });
});

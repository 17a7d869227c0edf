// The contract of src/firewall/firewall.ts on a real kernel, and what the documentation promises of ipset.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { formatNetwork } from "../../src/base/address.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { OpenedService } from "../../src/base/service.ts";
import { formatService, isRouted, parseOpenedService } from "../../src/base/service.ts";
import { Firewalls } from "../../src/daemon/firewalls.ts";
import { Nfnetlink } from "../../src/ffi/nfnetlink.ts";
import type { NativeBackend } from "../../src/firewall/backend.ts";
import { starters } from "../../src/firewall/backends.ts";
import { nothingBehind } from "../../src/firewall/behind.ts";
import { CommandFirewall } from "../../src/firewall/commands/command.ts";
import { IpsetFirewall } from "../../src/firewall/ipset/ipset.ts";
import { NftablesFirewall } from "../../src/firewall/nftables/nftables.ts";
import { describeFirewall } from "../contract/firewall.ts";
import { byCommands, byKernel, sshBehind } from "../support/accesses.ts";
import { MemoryFirewall } from "../support/memory-firewall.ts";
import { MemoryLog } from "../support/memory-log.ts";
import { address } from "../support/packets.ts";
import { makeUser } from "../support/users.ts";
import type { LiveHost } from "./host.ts";
import { enter } from "./namespace.ts";
import { removeTable } from "./native-doors.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const ports: Readonly<Record<string, number>> = { ssh: 22, web: 80 };

const doorOf = (port: number) => Object.keys(ports).find((door) => ports[door] === port) ?? "?";

/** A door as a native one of the configuration: `ssh` opens tcp/22. */
function native(door: string, source: string) {
  const services = [{ protocol: "tcp", port: ports[door] ?? 1 }] as const;
  return byKernel({ door, source: address(source) }, { services });
}

/** The hosts behind this one, of which each has such a door. */
function routed() {
  const hosts = ["10.0.0.5", "10.0.0.6", "2001:db8:1::5"];
  const services = hosts.flatMap((host) => sshBehind(host, "192.0.2.7").method.services);
  return { ...nothingBehind, routed: services.filter(isRouted) };
}

/** The same by commands as people write them. */
function byIptables(door: string, source: string) {
  const iptables = source.includes(":") ? "ip6tables -w" : "iptables -w";
  const rule = `INPUT -s ${source} -p tcp --dport ${ports[door]} -j ACCEPT`;
  const who = { door, source: address(source) };
  const start = `${iptables} -C ${rule} 2>/dev/null || ${iptables} -I ${rule}`;
  return byCommands(who, { start, stop: `${iptables} -D ${rule}` });
}

async function iptablesRules(): Promise<string[]> {
  const tables = await Promise.all(
    ["iptables", "ip6tables"].map((command) => run([command, "-S", "INPUT"])),
  );
  const rule = /^-A INPUT -s (.*)\/\d+ .*--dport (\d+)/gm;
  return [
    ...tables
      .map(({ stdout }) => stdout)
      .join("")
      .matchAll(rule),
  ].map(([, source, port]) => `${doorOf(Number(port))} ${source}`);
}

describe.skipIf(needs("nft", "ipset", "ip6tables"))("on a real kernel", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let other: LiveHost;
  let leave = async () => {};

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client", "other"]);
    [server, client, other] = ["server", "client", "other"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await server.listen(22);
    leave = await enter(server);
  });

  afterAll(async () => {
    await leave();
    await network?.close();
  });

  /** The services of a listing as names of doors. */
  const opened = (backend: NativeBackend) => async () =>
    (await backend.listOpen()).map(({ source, service }) => {
      const door = doorOf("port" in service ? service.port : 0);
      const hosts = isRouted(service) ? `@${service.hosts.map(formatNetwork)}` : "";
      return `${door}${hosts} ${source}`;
    });

  const nothing = byKernel({ source: address("::1") }, { services: [] });
  const impossible = byCommands({ source: address("::1") }, { start: "\0", stop: "\0" });

  describeFirewall(
    "NftablesFirewall",
    async () => {
      const parts = { table: "sesame", onLoss: () => {}, onProblem: () => {}, behind: routed };
      const firewall = await NftablesFirewall.start(parts, []);
      return {
        firewall,
        access: native,
        impossible: nothing,
        opened: opened(firewall),
        close: () => removeTable(firewall),
      };
    },
    { closesByItself: true, accessBehind: sshBehind },
  );

  describeFirewall(
    "IpsetFirewall",
    async () => {
      const firewall = await IpsetFirewall.start({ clock: systemClock });
      return {
        firewall,
        access: native,
        impossible: nothing,
        opened: opened(firewall),
        close: async () => void (await run(["ipset", "destroy"])),
      };
    },
    { closesByItself: true },
  );

  describeFirewall("CommandFirewall", () => ({
    firewall: new CommandFirewall(async () => makeUser("root", 0)),
    access: byIptables,
    impossible,
    opened: iptablesRules,
    close: async () => {
      for (const command of ["iptables", "ip6tables"]) await run([command, "-F"]);
    },
  }));

  describeFirewall("MemoryFirewall", () => {
    const firewall = new MemoryFirewall();
    const opened = () => firewall.opened;
    return { firewall, access: native, impossible: nothing, opened, close: () => {} };
  });

  test("what somebody removed is told, and that there may be such a thing is told as that", async () => {
    const log = new MemoryLog();
    let flushes = 0;
    const firewalls = new Firewalls({
      starters,
      table: "sesame",
      clock: systemClock,
      log,
      onLoss: () => flushes++,
    });
    firewalls.choose("nftables");
    await firewalls.prepare(true);
    await firewalls.protect([]);
    flushes = 0;
    await run(["nft", "add table inet foreign; add set inet foreign s { type ipv4_addr; }"]);
    const foreigner = new Nfnetlink();
    // Without a pause, so that nothing is read meanwhile.
    for (let n = 0; n < 30_000; n++) {
      const elements = [{ key: Uint8Array.of(1, n >> 16, n >> 8, n) }];
      foreigner.apply([{ kind: "add", table: "foreign", set: "s", elements }]);
    }
    foreigner.close();
    await expect.poll(() => flushes).toBe(1);
    await run(["nft", "delete table inet sesame"]);
    await expect.poll(() => flushes).toBe(2);
    await firewalls.shutDown();
    await run(["nft", "flush ruleset"]);
    expect(log.entries.map(({ level, text }) => `${level}: ${text}`)).toEqual([
      "notice: lost netlink events of the firewall: reloading table inet sesame",
      "warning: table inet sesame was modified externally: restoring rules",
    ]);
  });

  test("nftables lets a source for which any is open use all that is protected", async () => {
    const parts = { table: "sesame", onLoss: () => {}, onProblem: () => {} };
    const protect = [{ protocol: "tcp", port: 22 }, { protocol: "icmp" }] as const;
    const firewall = await NftablesFirewall.start(parts, protect);
    const families = LiveNetwork.hasIPv6 ? ([4, 6] as const) : ([4] as const);
    try {
      for (const family of families) {
        const at = (host: LiveHost) => (family === 4 ? host.address : host.address6);
        const uses = async (from: LiveHost) => [
          await from.canConnect(at(server), 22, 400),
          await from.pings(at(server), 400),
        ];
        const any = [{ protocol: "any" }] as const;
        const access = byKernel({ source: address(at(client)) }, { services: any });
        expect(await uses(client)).toEqual(["silent", false]);
        expect(await firewall.open(access, 60_000)).toEqual({ kind: "done" });
        await firewall.renew();
        expect(await uses(client)).toEqual(["open", true]);
        expect(await uses(other)).toEqual(["silent", false]);
        const listed = await firewall.listOpen();
        expect(listed.map(({ source, service }) => `${source} ${formatService(service)}`)).toEqual([
          `${at(client)} any`,
        ]);
        expect(await firewall.close(access)).toEqual({ kind: "done" });
        expect(await uses(client)).toEqual(["silent", false]);
      }
    } finally {
      await removeTable(firewall);
    }
  });

  describe("ipset, with one rule of the administrator's for each family", () => {
    const families = LiveNetwork.hasIPv6 ? ([4, 6] as const) : ([4] as const);
    const services = (...texts: string[]): OpenedService[] =>
      texts.flatMap((text) => parseOpenedService(text) ?? []);
    let firewall: IpsetFirewall;

    beforeAll(async () => {
      firewall = await IpsetFirewall.start({ clock: systemClock });
      for (const family of families) {
        const iptables = family === 4 ? "iptables" : "ip6tables";
        const [icmp, type] = family === 4 ? ["icmp", "icmp"] : ["icmpv6", "icmpv6"];
        const drop = (...match: string[]) => run([iptables, "-A", "INPUT", ...match, "-j", "DROP"]);
        await drop("-p", "tcp", "--dport", "22");
        await drop("-p", icmp, `--${type}-type`, "echo-request");
        const match = `-m set --match-set sesame${family} src,dst -j ACCEPT`;
        await run([iptables, "-I", "INPUT", ...match.split(" ")]);
        const matchAny = `-m set --match-set sesame-any${family} src -j ACCEPT`;
        await run([iptables, "-I", "INPUT", ...matchAny.split(" ")]);
      }
    });

    beforeEach(async () => {
      await run(["ipset", "flush"]);
    });

    describe.each(families)("IPv%i", (family) => {
      const at = (host: LiveHost) => (family === 4 ? host.address : host.address6);
      const connects = (from: LiveHost) => from.canConnect(at(server), 22, 400);
      const pings = (from: LiveHost) => from.pings(at(server), 400);
      const access = (...texts: string[]) =>
        byKernel({ source: address(at(client)) }, { services: services(...texts) });

      test.each(["tcp/22", "icmp", "tcp/22, icmp"])("lets an open source use %s", async (texts) => {
        const open = access(...texts.split(", "));
        expect(await connects(client)).toBe("silent");
        expect(await firewall.open(open, 60_000)).toEqual({ kind: "done" });
        expect(await connects(client)).toBe(texts.includes("tcp") ? "open" : "silent");
        expect(await pings(client)).toBe(texts.includes("icmp"));
        expect([await connects(other), await pings(other)]).toEqual(["silent", false]);
        expect(await firewall.close(open)).toEqual({ kind: "done" });
        expect([await connects(client), await pings(client)]).toEqual(["silent", false]);
      });

      test("lets an open source use any", async () => {
        const open = access("any");
        expect(await firewall.open(open, 60_000)).toEqual({ kind: "done" });
        expect([await connects(client), await pings(client)]).toEqual(["open", true]);
        expect([await connects(other), await pings(other)]).toEqual(["silent", false]);
        expect((await firewall.listOpen()).map(({ service }) => formatService(service))).toEqual([
          "any",
        ]);
        expect(await firewall.close(open)).toEqual({ kind: "done" });
        expect([await connects(client), await pings(client)]).toEqual(["silent", false]);
      });

      test("closes on time", async () => {
        await firewall.open(access("tcp/22", "icmp"), 2_000);
        expect([await connects(client), await pings(client)]).toEqual(["open", true]);
        await expect.poll(() => connects(client)).toBe("silent");
        await expect.poll(() => pings(client)).toBe(false);
      });
    });

    test("keeps what is open when another daemon begins", async () => {
      const open = byKernel({ source: address(client.address) });
      expect(open.method.kind === "native" && open.method.services.map(formatService)).toEqual([
        "tcp/22",
      ]);
      await firewall.open(open, 60_000);
      await IpsetFirewall.start({ clock: systemClock });
      expect(await client.canConnect(server.address, 22, 400)).toBe("open");
    });
  });
});

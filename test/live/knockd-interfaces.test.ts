import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockd, startKnockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { run } from "./run.ts";

const door =
  "[x]\nsequence = 9\ndecoys = 0\ntcpflags = syn\nrest = 0\ncommand = echo opened %IP%\n";

const has6 = LiveNetwork.hasIPv6;

describe.skipIf(needs())("where knockd listens", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  const opened = (daemon: Process, address: string, times = 1) =>
    daemon.waitFor(new RegExp(`(^opened ${address}$[\\s\\S]*){${times}}`, "m"));

  const on = (interfaces: string, ...flags: string[]) =>
    startKnockd(server, `[options]\nInterface = ${interfaces}\n${door}`, ...flags);

  test("on all interfaces, if nothing else is said", async () => {
    const daemon = await startKnockd(server, door);
    expect(daemon.stdout).toContain("listening on any...\n");
    await knock(client, server.address, 9);
    await opened(daemon, client.address);
    await knock(server, "127.0.0.1", 9);
    await opened(daemon, "127.0.0.1");
  });

  test.each([
    ["the one that Interface names", () => on("lo"), "lo"],
    ["the one that -i names, whatever Interface says", () => on("eth0", "-i", "lo"), "lo"],
  ])("on %s, and no other", async (_, start, name) => {
    const daemon = await start();
    expect(daemon.stdout).toContain(`listening on ${name}...\n`);
    await knock(client, server.address, 9);
    await knock(server, "127.0.0.1", 9);
    await opened(daemon, "127.0.0.1");
    expect(daemon.stdout).not.toContain(client.address);
  });

  test("on several that are named", async () => {
    const daemon = await on("lo, eth0");
    expect(daemon.stdout).toContain("listening on lo, eth0...\n");
    await knock(client, server.address, 9);
    await knock(server, "127.0.0.1", 9);
    await opened(daemon, client.address);
    await opened(daemon, "127.0.0.1");
  });

  describe("an interface that comes and goes", () => {
    const plug = async () => {
      const peer = ["peer", "name", "late0", "netns", client.namespace];
      await server.ip("link", "add", "late0", "type", "veth", ...peer);
      await server.ip("address", "add", "10.88.0.1/24", "dev", "late0");
      await client.ip("address", "add", "10.88.0.2/24", "dev", "late0");
      await Promise.all([server, client].map((host) => host.ip("link", "set", "late0", "up")));
    };
    const unplug = () => server.ip("link", "del", "late0");
    // What one test leaves must not fail the next.
    afterEach(() => server.run(["ip", "link", "del", "late0"], { ok: "any" }));

    test("is waited for, lost and found again when it is named", async () => {
      const daemon = await on("late0");
      await daemon.waitFor(/^warning: there is no interface late0: waiting for it$/m);
      await plug();
      await daemon.waitFor(/^interface late0 is there, listening on it$/m);
      await knock(client, "10.88.0.1", 9);
      await opened(daemon, "10.88.0.2");
      await unplug();
      await daemon.waitFor(/(there is no interface late0[\s\S]*){2}/);
      await plug();
      await daemon.waitFor(/(interface late0 is there[\s\S]*){2}/);
      await knock(client, "10.88.0.1", 9);
      await opened(daemon, "10.88.0.2", 2);
      await unplug();
      expect((await daemon.stop()).code).toBe(15);
    });

    test("is found although no descriptors are left at that moment", async () => {
      const daemon = await on("late0, eth0");
      await daemon.waitFor(/^warning: there is no interface late0: waiting for it$/m);
      const limit = (most: string) =>
        run(["prlimit", "--pid", String(daemon.pid), `--nofile=${most}`]);
      // As many as it has already, or fewer: each new one fails.
      await limit("10:4096");
      await plug();
      await daemon.waitFor(/^interface late0 is there, listening on it$/m);
      await knock(client, server.address, 9);
      // Its command cannot be started.
      await daemon.waitFor(new RegExp(`^${client.address}: x: OPEN SESAME$`, "m"));
      await daemon.waitFor(/^cannot follow a change of the network: .*Too many open files$/m);
      await limit("4096:4096");
      await daemon.waitFor(/^following network changes again$/m);
      await knock(client, "10.88.0.1", 9);
      await opened(daemon, "10.88.0.2");
      await unplug();
      expect(daemon.stdout + daemon.stderr).not.toMatch(/internal error/);
    });

    test("is listened on at once where all are", async () => {
      const daemon = await startKnockd(server, door);
      for (const times of [1, 2]) {
        await plug();
        await knock(client, "10.88.0.1", 9);
        await opened(daemon, "10.88.0.2", times);
        await unplug();
      }
      expect(daemon.stderr).toBe("");
    });

    test("and is set down and up may be knocked at again", async () => {
      await plug();
      const daemon = await on("late0");
      await server.ip("link", "set", "late0", "down");
      await server.ip("link", "set", "late0", "up");
      await knock(client, "10.88.0.1", 9);
      await opened(daemon, "10.88.0.2");
      await unplug();
    });
  });

  test.each(has6 ? ["10.77.0.99", "fd77::99"] : ["10.77.0.99"])(
    "an address that comes later counts: %s",
    async (address) => {
      const daemon = await startKnockd(server, door, "-i", "eth0");
      await server.addAddress(address);
      await knock(client, address, 9);
      await daemon.waitFor(/^opened/m);
      await server.removeAddress(address);
    },
  );

  test.skipIf(!has6)("with -4 IPv6 does not count", async () => {
    const daemon = await startKnockd(server, door, "-4");
    await knock(client, server.address6, 9);
    await knock(client, server.address, 9);
    await opened(daemon, client.address);
    expect(daemon.stdout).not.toContain(client.address6);
  });

  describe("-l", () => {
    /** Starts the daemon with a hosts file and a resolv.conf of its own. */
    async function start(hosts: string, resolvConf: string): Promise<Process> {
      const folder = new Folder();
      const daemon = server.start([
        ...[
          "sh",
          "-ec",
          'mount --bind "$0" /etc/hosts; mount --bind "$1" /etc/resolv.conf; shift; exec "$@"',
        ],
        folder.write("hosts", hosts),
        folder.write("resolv.conf", resolvConf),
        ...knockd,
        ...["-v", "-l", "-g", folder.at("k.log"), "-c", folder.write("k.conf", door)],
      ]);
      await daemon.waitFor(/^listening on/m);
      return daemon;
    }

    test("names the source where its name is known", async () => {
      const daemon = await start(`${client.address} gate.test\n`, "");
      await knock(client, server.address, 9);
      await daemon.waitFor(/^x: running command/m);
      const who = `${client.address} \\(gate\\.test\\)`;
      // The command may be quicker than the name server.
      const log = daemon.stdout.replaceAll(/^opened .*\n/gm, "");
      expect(log).toMatch(
        new RegExp(`^${who}: x: Stage 1\n${who}: x: OPEN SESAME\nx: running command: `, "m"),
      );
    });

    test("does not let a dead name server delay a door; its lines follow", async () => {
      // An address of the network that nobody has: questions get no answer, not even a refusal.
      const daemon = await start("", "nameserver 10.77.0.250\n");
      await knock(client, server.address, 9);
      await daemon.waitFor(/^x: running command/m);
      expect(daemon.stdout).toMatch(
        new RegExp(`^opened[\\s\\S]*\n${client.address}: x: Stage 1\n`, "m"),
      );
    });

    test("writes what waits for a name when it ends", async () => {
      const daemon = await start("", "nameserver 10.77.0.250\n");
      await knock(client, server.address, 9);
      await opened(daemon, client.address);
      expect((await daemon.stop()).stdout).toContain(`\n${client.address}: x: OPEN SESAME\n`);
    });
  });
});

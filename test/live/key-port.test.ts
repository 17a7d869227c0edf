import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { KnockDevice } from "../support/knock-device.ts";
import type { LiveHost } from "./host.ts";
import { Folder, keyOptions, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { needs } from "./requirements.ts";

const port = 23_547;
const neighbours = [port - 1, port, port + 1];
const patient = { timeout: 30_000 };

describe.skipIf(needs("nmap", "nc", "iptables"))("KnockPort", () => {
  const alice = new KnockDevice("alice/laptop");
  let network: LiveNetwork;
  let server: LiveHost;
  let home: LiveHost;
  let config: string;
  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "home"]);
    server = network.host("server");
    home = network.host("home");
    // Otherwise the kernel leaves out answers to a scan, whatever the port.
    await server.run(["sysctl", "-qw", "net.ipv4.icmp_ratelimit=0"]);
    const folder = new Folder();
    folder.writePrivately("knockd.users", `[${alice.name}]\nkey = ${alice.lockText}\n`);
    config = folder.write(
      "knockd.conf",
      [
        keyOptions(folder, port),
        "[ssh]",
        "users = alice",
        "command = echo opened for %IP%",
        "",
      ].join("\n"),
    );
  });
  afterAll(() => network?.close());
  afterEach(() => server.killAll());

  /** What a scan says of the ports, by the port. */
  async function scan(): Promise<ReadonlyMap<number, string>> {
    const ports = ["-p", neighbours.join(","), "--max-retries", "3", server.address];
    const { stdout } = await home.run(["nmap", "-sU", "-Pn", "-n", "--reason", ...ports], {
      timeout: 120_000,
    });
    const lines = [...stdout.matchAll(/^(\d+)\/udp\s+(\S+)\s+\S+\s+(.*)$/gm)];
    return new Map(lines.map(([, number, state, why]) => [Number(number), `${state}: ${why}`]));
  }

  test.each([
    ["closed", [], "closed: port-unreach ttl 64"],
    ["rejected", ["-j", "REJECT", "--reject-with", "icmp-admin-prohibited"], "filtered: admin"],
    ["dropped", ["-j", "DROP"], "open|filtered: no-response"],
  ] as const)("looks like its neighbours where they are %s, and opens", async (_, rule, seen) => {
    const all = ["INPUT", "-p", "udp", ...rule];
    if (rule.length > 0) await server.run(["iptables", "-A", ...all]);
    try {
      const before = await scan();
      const daemon = server.start([...knockd, "-v", "-c", config]);
      await daemon.waitFor(/^listening on .*\.\.\.$/m);
      const during = await scan();
      expect(during).toEqual(before);
      expect([...during.keys()]).toEqual(neighbours);
      for (const state of during.values()) expect(state).toContain(seen);
      await knock();
      await daemon.waitFor(new RegExp(`^opened for ${home.address}$`, "m"));
    } finally {
      if (rule.length > 0) await server.run(["iptables", "-D", ...all]);
    }
  });

  test("may have a service: both get the packet, and a check says so", async () => {
    const service = server.start(["nc", "-u", "-l", "-k", server.address, String(port)]);
    const sockets = async () => (await server.run(["ss", "-Huln"])).stdout;
    await expect.poll(sockets, patient).toContain(`:${port} `);
    const daemon = server.start([...knockd, "-v", "-c", config]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
    await knock();
    await daemon.waitFor(new RegExp(`^opened for ${home.address}$`, "m"));
    await expect.poll(() => service.output, patient).not.toBe("");
    const { stdout, stderr } = await server.run([...knockctl, "check", config]);
    expect(stdout + stderr).toContain(`something listens on udp/${port} of this machine`);
  });

  async function knock(): Promise<void> {
    const input = alice.packet(Date.now(), { slot: 0 });
    const to = ["-u", "-q", "0", "-w", "1", server.address, String(port)];
    await home.run(["nc", ...to], { input });
  }
});

// What knockctl doctor says of knocks that really come, or do not.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { Folder, knock, knockctl, knockd } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";

const config = `[options]
    ControlSocket = CONTROL

[ssh]
    sequence    = 7003,9140:udp,8455
    seq_timeout = 5s
    tcpflags    = syn
    open        = tcp/22
    open_for    = 10m
    protect     = yes

[broken]
    sequence = 7103,9240,8555
    tcpflags = syn
    command  = echo no route >&2; exit 3
`;

const steps = ["7003", "9140:udp", "8455"] as const;
const invited = /^Knock from your client now/m;

describe.skipIf(needs("nft", "iptables"))("knockctl doctor", () => {
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let daemon: Process;
  let file: string;
  let socket: string;

  beforeAll(async () => {
    network = await LiveNetwork.open();
    [server, client] = [network.host("server"), network.host("client")];
    await server.listen(22, server.address);
    const folder = new Folder();
    socket = folder.at("control.sock");
    file = folder.write("knockd.conf", config.replace("CONTROL", socket));
    daemon = server.start([...knockd, "-v", "-c", file]);
    await daemon.waitFor(/^listening on .*\.\.\.$/m);
  });
  afterEach(async () => {
    for (const host of [server, client]) await host.run(["iptables", "-F"]);
    await server.run([...knockctl, "close", "all", "--socket", socket], { ok: "any" });
  });
  afterAll(() => network?.close());

  /** How many processes look at packets: the daemon, and knockctl once it listens. */
  const packetSockets = async () => {
    const { stdout } = await server.run(["cat", "/proc/net/packet"]);
    return stdout.trim().split("\n").length - 1;
  };
  const start = (...args: string[]) =>
    server.start([...knockctl, "doctor", "--socket", socket, "--host", "server", ...args]);

  /**
   * Runs it for the door, knocks once it listens, and returns what it says in the end: after a complete knock,
   * or Ctrl-C once it has said `until`.
   */
  async function diagnose(
    [door = "", ...options]: readonly string[],
    ports: readonly (string | number)[],
    until?: RegExp,
  ) {
    const doctor = start(door, "--time", "5m", ...options);
    await doctor.waitFor(invited);
    // It listens a moment after it says so.
    await expect.poll(packetSockets).toBe(2);
    if (ports.length > 0) await knock(client, "-d", 100, server.address, ...ports);
    if (until !== undefined) {
      await doctor.waitFor(until);
      doctor.signal("SIGINT");
    }
    const { stdout, code } = await doctor.ended;
    const [, verdict = "", next = ""] = /^verdict: (.*)\nnext: (.*)\n$/m.exec(stdout) ?? [];
    return { code, stdout, verdict: verdict.replaceAll(client.address, "C"), next };
  }

  test("a right knock", async () => {
    const { code, stdout, verdict, next } = await diagnose(["ssh"], steps);
    expect([code, next]).toEqual([0, `knockctl history ssh --socket ${socket}`]);
    expect(verdict).toMatch(/^the knock of C opened \[ssh\]: tcp\/22 for (?:10m|9m 5\ds)$/);
    expect(stdout).toMatch(/tcp\/7003 +\[ssh\] step 1 of 3\n.* udp\/9140 +\[ssh\] step 2 of 3\n/);
    expect(stdout).toMatch(/\[ssh\] step 3 of 3: complete\n/);
    expect(await client.canConnect(server.address, 22)).toBe("open");
  });

  test("a dry run opens nothing, and knocks open again afterwards", async () => {
    const { code, verdict } = await diagnose(["ssh", "--dry-run"], steps);
    expect([code, verdict]).toEqual([
      0,
      "the knock of C at [ssh] is right; it would open the door",
    ]);
    expect(await client.canConnect(server.address, 22, 400)).toBe("silent");
    await knock(client, "-d", 100, server.address, ...steps);
    await expect.poll(() => client.canConnect(server.address, 22, 400)).toBe("open");
  });

  test("a step that a firewall on the way drops", async () => {
    await client.run(["iptables", "-A", "OUTPUT", "-p", "tcp", "--dport", "8455", "-j", "DROP"]);
    const said = /^ {2}no packet for tcp\/8455 has come/m;
    const { code, stdout, verdict, next } = await diagnose(["ssh"], steps, said);
    expect(code).toBe(3);
    expect(verdict).toMatch(/^no packet for tcp\/8455 has come from C: a cloud's security group /);
    expect(next).toContain("let tcp/8455 pass in the provider's firewall");
    expect(stdout).toMatch(/udp\/9140 +\[ssh\] step 2 of 3\n {2}no packet/);
  });

  test.each<[string, (string | number)[], RegExp, RegExp]>([
    [
      "the wrong order",
      [7003, 8455, "9140:udp"],
      /^ {2}the steps came/m,
      /^the steps came from C in the order tcp\/7003, tcp\/8455, udp\/9140, /,
    ],
    [
      "the wrong protocol",
      [7003, 9140, 8455],
      /^ {2}tcp\/9140 came/m,
      /^tcp\/9140 came from C, and \[ssh\] wants udp\/9140$/,
    ],
    [
      "nothing",
      [],
      invited,
      /^no packet of a knock \(tcp\/7003, udp\/9140, tcp\/8455\) has come: /,
    ],
  ])("%s", async (_, ports, said, expected) => {
    const { code, verdict } = await diagnose(["ssh"], ports, said);
    expect(code).toBe(3);
    expect(verdict).toMatch(expected);
  });

  test("a late step", async () => {
    const { code, verdict, next } = await diagnose(
      ["ssh"],
      ["-d", 3000, ...steps],
      /^ {2}tcp\/8455 came .* too late/m,
    );
    expect(code).toBe(3);
    expect(verdict).toMatch(
      /^(?:tcp\/8455|udp\/9140) came from C [\d.]+s after the first step: too late, \[ssh\] allows 5s$/,
    );
    expect(next).toMatch(
      /^on the client: knock -d 200 server 7003 9140:udp 8455; or seq_timeout = \d+ in \[ssh\], /,
    );
  });

  test("a command that fails", async () => {
    const { code, verdict } = await diagnose(["broken"], [7103, 9240, 8555]);
    expect(code).toBe(3);
    expect(verdict).toMatch(/is right, but its command failed: .*3.*: no route$/);
  });

  test("another firewall that drops the service", async () => {
    await server.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);
    const { code, verdict, next } = await diagnose(["ssh"], steps);
    expect(code).toBe(3);
    expect(verdict).toMatch(
      /opened \[ssh\]: tcp\/22 for .*, but chain INPUT of iptables blocks tcp\/22/,
    );
    expect(next).toBe("sudo iptables -I INPUT -p tcp --dport 22 -j ACCEPT");
  });

  test("Ctrl-C ends with the verdict", async () => {
    const doctor = start("ssh", "--json");
    await expect.poll(packetSockets).toBe(2);
    // As a terminal does: the namespace's program and knockctl get it.
    doctor.signal("SIGINT");
    const { stdout, code } = await doctor.ended;
    expect(code).toBe(3);
    expect(stdout).not.toContain('"complete"');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 2,
      verdict: { isGood: false, code: "silence" },
      knocks: [],
    });
  });

  test("without a daemon", async () => {
    daemon.signal("SIGTERM");
    await daemon.ended;
    const doctor = start("ssh", "--time", "60s", "--config", file);
    await doctor.waitFor(/^knockd does not run: nothing will open\.$/m);
    await expect.poll(packetSockets).toBe(1);
    await knock(client, "-d", 100, server.address, ...steps);
    const { stdout, code } = await doctor.ended;
    expect(code).toBe(3);
    expect(stdout).toContain(
      `verdict: the knock of ${client.address} at [ssh] is right, but knockd does not run\n`,
    );
  });
});

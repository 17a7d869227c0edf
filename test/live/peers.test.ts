// What the table of README.md says of Debian's knockd and fwknopd. Sesame's own column has tests of its own.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FwknopDevice } from "../support/fwknop-device.ts";
import { address, tcpPacket } from "../support/packets.ts";
import type { LiveHost } from "./host.ts";
import { Folder } from "./knockd.ts";
import { LiveNetwork } from "./network.ts";
import { Process } from "./process.ts";
import { fwknopEnvironment, needs, peer } from "./requirements.ts";
import { run } from "./run.ts";
import { Wire } from "./wire.ts";

/** Makes `inner` answer `client` through `gateway`, as behind one. */
async function putBehind(gateway: LiveHost, inner: LiveHost, client: LiveHost): Promise<void> {
  await gateway.run([
    "sysctl",
    "-qw",
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.send_redirects=0",
  ]);
  await inner.ip("route", "add", `${client.address}/32`, "via", gateway.address);
  await inner.listen(22);
}

/** Listens on port 22, which the packet filter drops. */
async function hideSsh(server: LiveHost): Promise<void> {
  await server.listen(22);
  const tables = LiveNetwork.hasIPv6 ? ["iptables", "ip6tables"] : ["iptables"];
  for (const table of tables)
    await server.run([table, "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);
}

const patient = { timeout: 15_000 };
const whenIPv6 = test.skipIf(!LiveNetwork.hasIPv6);

describe.skipIf(needs("knockd", "knock"))("Debian's knockd", () => {
  const opens = (table: string, verb: string) =>
    `${table} ${verb} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`;
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let inner: LiveHost;

  beforeAll(async () => {
    network = await LiveNetwork.open(["server", "client", "inner"]);
    [server, client, inner] = ["server", "client", "inner"].map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await hideSsh(server);
    await putBehind(server, inner, client);
    const folder = new Folder();
    const config = folder.write(
      "knockd.conf",
      `[options]
logfile = ${folder.at("k.log")}
[ssh]
sequence = 7003,9140,8455
tcpflags = syn
start_command = ${opens("iptables", "-I")}
start_command_6 = ${opens("ip6tables", "-I")}
cmd_timeout = 2
stop_command = ${opens("iptables", "-D")}
stop_command_6 = ${opens("ip6tables", "-D")}
[nas]
sequence = 7104,9026,8317
tcpflags = syn
command = iptables -t nat -A PREROUTING -s %IP% -p tcp --dport 2222 -j DNAT --to ${inner.address}:22
`,
    );
    server.start([peer("knockd"), "-i", "eth0", "-c", config, "-p", folder.at("pid")]);
    while (!folder.read("k.log").includes("listening")) await sleep(50);
  });
  afterAll(() => network?.close());

  const knock = (to: string, ...ports: readonly number[]) =>
    client.run([peer("knock"), "-d", "20", to, ...ports.map(String)]);

  whenIPv6("opens over IPv6, by a command of its own", async () => {
    expect(await client.canConnect(server.address6, 22)).toBe("silent");
    await knock(server.address6, 7003, 9140, 8455);
    await expect.poll(() => client.canConnect(server.address6, 22)).toBe("open");
    await expect.poll(() => client.canConnect(server.address6, 22), patient).toBe("silent");
  });

  test("opens a host behind a gateway, by a command", async () => {
    expect(await client.canConnect(server.address, 2222)).toBe("refused");
    await knock(server.address, 7104, 9026, 8317);
    await expect.poll(() => client.canConnect(server.address, 2222)).toBe("open");
  });

  test("opens again by a recorded knock", async () => {
    const wire = await Wire.lay();
    const folder = new Folder();
    const door = "[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\ncommand = true\n";
    const config = folder.write(
      "knockd.conf",
      `[options]\nlogfile = ${folder.at("k.log")}\n${door}`,
    );
    await run(["ip", "address", "add", "192.0.2.1/32", "dev", wire.near]);
    const daemon = new Process([
      peer("knockd"),
      "-i",
      wire.near,
      "-c",
      config,
      "-p",
      folder.at("pid"),
    ]);
    const opened = () => folder.log().filter((line) => line.endsWith("ssh: OPEN SESAME")).length;
    try {
      await expect.poll(() => folder.log()).toContainEqual(expect.stringContaining("listening"));
      const ends = { source: address("192.0.2.7"), destination: address("192.0.2.1") };
      const recorded = [7003, 9140, 8455].map((port) => tcpPacket(ends, { port, sequence: port }));
      for (const times of [1, 2]) {
        wire.send(...recorded);
        await expect.poll(opened).toBe(times);
      }
    } finally {
      daemon.signal("SIGKILL");
      await wire.close();
    }
  });
});

/** Sends the text of a file to a UDP port: `FILE PORT ADDRESS`. */
const sender = `
  const [file, port, host] = process.argv.slice(1);
  const text = require("node:fs").readFileSync(file, "latin1").trim().split("\\n").pop();
  const socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.send(text, Number(port), host, () => socket.close());`;

/** Sends a datagram to each port of an address. */
const udpScan = `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    for port in range(1, 65536):
        try: out.sendto(b"x" * 200, (sys.argv[1], port))
        except ConnectionRefusedError: pass`;

describe.skipIf(needs("fwknopd", "fwknop", "nmap", "python3"))("Debian's fwknopd", () => {
  const device = new FwknopDevice("bob/phone");
  const port = 62_201;
  /** Seconds. */
  const openFor = 3;
  let network: LiveNetwork;
  let server: LiveHost;
  let client: LiveHost;
  let other: LiveHost;
  let inner: LiveHost;
  let folder: Folder;
  let daemon: Process;

  beforeAll(async () => {
    const names = ["server", "client", "other", "inner"];
    network = await LiveNetwork.open(names);
    [server, client, other, inner] = names.map((name) => network.host(name)) as [
      LiveHost,
      LiveHost,
      LiveHost,
      LiveHost,
    ];
    await hideSsh(server);
    await putBehind(server, inner, client);
    folder = new Folder();
    folder.writePrivately(
      "fwknopd.conf",
      `PCAP_INTF eth0;\nPCAP_FILTER udp port ${port};\nENABLE_IPT_FORWARDING Y;\n`,
    );
    folder.writePrivately(
      "access.conf",
      `SOURCE ANY
KEY_BASE64 ${device.keyText}
HMAC_KEY_BASE64 ${device.hmacKeyText}
FW_ACCESS_TIMEOUT ${openFor}
`,
    );
    folder.writePrivately("fwknoprc", "");
    await start();
  });
  afterAll(() => network?.close());

  async function start(): Promise<void> {
    const files = ["-c", folder.at("fwknopd.conf"), "-a", folder.at("access.conf")];
    daemon = server.start([peer("fwknopd"), "-f", ...files, "-r", folder.path], {
      env: fwknopEnvironment,
    });
    await daemon.waitFor(/Starting fwknopd main event loop/);
  }

  /** Knocks; the packet opens for the source from which it comes, and is kept in the file `packet`. */
  async function knock(from: LiveHost, ...options: readonly string[]): Promise<void> {
    const keys = ["--key-base64-rijndael", device.keyText, "--key-base64-hmac", device.hmacKeyText];
    const files = ["--rc-file", folder.at("fwknoprc"), "--no-save-args"];
    const packet = ["--save-packet", folder.at("packet")];
    const argv = [peer("fwknop"), ...files, ...packet, ...keys, "--use-hmac", "-D", server.address];
    await from.run([...argv, "-s", ...options], { env: fwknopEnvironment });
  }
  const access = ["-A", "tcp/22"];
  const send = (from: LiveHost, to: string) =>
    from.run([process.execPath, "-e", sender, folder.at("packet"), String(port), to]);
  const reaches = (from: LiveHost) => from.canConnect(server.address, 22);
  const openings = () => daemon.output.split("Added access rule").length - 1;

  test("opens to a knock, and closes in time while it runs", async () => {
    expect(await reaches(client)).toBe("silent");
    await knock(client, ...access);
    await expect.poll(() => reaches(client), patient).toBe("open");
    expect(await reaches(other)).toBe("silent");
    await expect.poll(() => reaches(client), patient).toBe("silent");
  });

  test("does not open to a scan of all ports", async () => {
    const before = openings();
    const fast = ["-T4", "--min-rate", "20000", "--max-retries", "0"];
    await other.run(["nmap", "-sS", "-Pn", "-n", "-p-", "-r", ...fast, server.address]);
    await other.run(["python3", "-c", udpScan, server.address]);
    expect(await reaches(other)).toBe("silent");
    await knock(client, ...access);
    await expect.poll(openings, patient).toBe(before + 1);
    expect(await reaches(other)).toBe("silent");
  });

  test("does not open again to a recorded packet, also after a crash", async () => {
    const opened = openings();
    await knock(client, ...access);
    await expect.poll(openings, patient).toBe(opened + 1);
    const refused = () => daemon.output.split(/replay/i).length - 1;
    for (const crash of [false, true]) {
      if (crash) {
        daemon.signal("SIGKILL");
        await daemon.ended;
        await start();
      }
      await expect.poll(() => reaches(client), patient).toBe("silent");
      const before = [openings(), refused()] as const;
      await send(other, server.address);
      await send(client, server.address);
      await expect.poll(refused, patient).toBeGreaterThan(before[1]);
      expect(openings()).toBe(before[0]);
      expect([await reaches(client), await reaches(other)]).toEqual(["silent", "silent"]);
    }
  });

  whenIPv6("does not take over IPv6 a packet that it takes over IPv4", async () => {
    const before = openings();
    await knock(client, ...access, "--test");
    await send(client, server.address6);
    await send(client, server.address);
    await expect.poll(openings, patient).toBe(before + 1);
    expect(await reaches(client)).toBe("open");
    expect(await client.canConnect(server.address6, 22)).toBe("silent");
  });

  test("opens a host behind a gateway", async () => {
    expect(await client.canConnect(server.address, 2222)).toBe("refused");
    await knock(client, "-A", "tcp/2222", "-N", `${inner.address}:22`);
    await expect.poll(() => client.canConnect(server.address, 2222), patient).toBe("open");
  });

  test("killed with an open door leaves it open, and opens no other", async () => {
    await expect.poll(() => reaches(client), patient).toBe("silent");
    await knock(client, ...access);
    await expect.poll(() => reaches(client), patient).toBe("open");
    daemon.signal("SIGKILL");
    await daemon.ended;
    await knock(other, ...access);
    await sleep((openFor + 2) * 1_000);
    expect(await reaches(client)).toBe("open");
    expect(await reaches(other)).toBe("silent");
  });
});

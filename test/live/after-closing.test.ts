// What a client can still do at a protected service once its door is closed.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LiveHost } from "./host.ts";
import { LiveNetwork } from "./network.ts";
import type { Process } from "./process.ts";
import { needs } from "./requirements.ts";
import { Server } from "./server.ts";
import { answersUdp, beats, echoTcp, echoUdp, goesOn, talkTcp } from "./session.ts";

const door = [
  "[door]",
  "sequence = 7003,7001,7002",
  "tcpflags = syn",
  "open = tcp/22, udp/53, icmp",
  "open_for = 1h",
  "protect = yes",
  "",
].join("\n");

/** The client sends again with growing pauses: milliseconds. */
const patience = 60_000;

const families = LiveNetwork.hasIPv6 ? (["address", "address6"] as const) : (["address"] as const);

let network: LiveNetwork;
let host: LiveHost;
let client: LiveHost;
let server: Server;

beforeEach(async () => {
  network = await LiveNetwork.open(["server", "client"]);
  [host, client] = ["server", "client"].map((name) => network.host(name)) as [LiveHost, LiveHost];
  await Promise.all([echoTcp(host, 22), echoUdp(host, 53)]);
  server = new Server(host, door);
  await server.start();
});
afterEach(() => network.close());

const set = (name: string, value: number) =>
  host.run(["sh", "-c", `echo ${value} >/proc/sys/net/ipv4/${name}`]);

/** How many handshakes wait for their last packet. */
async function waiting(): Promise<number> {
  const { stdout } = await host.run(["ss", "-Htn", "state", "syn-recv"]);
  return stdout.split("\n").filter(Boolean).length;
}

describe.skipIf(needs("nft", "ss", "conntrack"))(
  "a handshake that began while the door was open",
  () => {
    /** Its last packet does not leave the client before `send`. */
    async function begin(family: (typeof families)[number]): Promise<Process> {
      await server.knockctl(`open door ${client[family]}`);
      await client.run([
        "nft",
        "table inet hold { chain out { type filter hook output priority 0; tcp dport 22 tcp flags & (syn|ack) == ack drop; }; }",
      ]);
      const talk = talkTcp(client, host[family], 22);
      const { stdout } = await client.run(["sh", "-c", await established(host[family])]);
      expect(stdout).toContain(":22");
      return talk;
    }

    /** Waits until the client has the answer to its SYN. */
    const established = async (target: string) =>
      `for i in $(seq 200); do ss -Htn state established dst '[${target}]:22' | grep . && exit; sleep 0.1; done`;

    const send = () => client.run(["nft", "delete table inet hold"]);

    describe.each(families)("over %s", (family) => {
      test("does not end once the server no longer waits", async () => {
        await set("tcp_syncookies", 0);
        // 1 s and twice as long after each: 3 s, where Linux's default of 5 makes 63 s.
        await set("tcp_synack_retries", 1);
        const late = await begin(family);
        await server.ask("close all");
        await expect.poll(waiting, { timeout: patience }).toBe(0);
        await send();
        await late.waitFor(/ECONNRESET/, patience);
        expect(beats(late)).toBe(0);
      });

      test("ends after it while the server waits", async () => {
        await set("tcp_syncookies", 0);
        await set("tcp_synack_retries", 8);
        const early = await begin(family);
        await server.ask("close all");
        expect(await waiting()).toBe(1);
        await send();
        await goesOn(early, patience);
        expect(await client.canConnect(host[family], 22, 400)).toBe("silent");
      });

      test("is ended by --cut", async () => {
        await set("tcp_syncookies", 0);
        await set("tcp_synack_retries", 8);
        const talk = await begin(family);
        await expect.poll(waiting).toBe(1);
        await server.ask("close all --cut");
        expect(await waiting()).toBe(0);
        await send();
        await talk.waitFor(/ECONNRESET/, patience);
        expect(beats(talk)).toBe(0);
      });

      test("ends after it where the server sends SYN cookies, also after --cut", async () => {
        await set("tcp_syncookies", 2);
        const talk = await begin(family);
        expect(await waiting()).toBe(0);
        await server.ask("close all --cut");
        await send();
        await goesOn(talk, patience);
        expect(await client.canConnect(host[family], 22, 400)).toBe("silent");
      });
    });
  },
);

describe.skipIf(needs("nft", "hping3"))("ICMP errors that relate to a shut service", () => {
  test("reach the system, and open nothing", async () => {
    const received = async () => {
      const { stdout } = await host.run(["cat", "/proc/net/snmp"]);
      const [names = [], counts = []] = stdout
        .split("\n")
        .filter((line) => line.startsWith("Icmp:"))
        .map((line) => line.split(" "));
      return Number(counts[names.indexOf("InDestUnreachs")]);
    };
    await server.knockctl(`open door ${client.address}`);
    const session = talkTcp(client, host.address, 22, 5000);
    await goesOn(session);
    await server.ask("close all");
    const before = await received();
    for (const protocol of [6, 17]) {
      const port = protocol === 6 ? 22 : 53;
      await client.run(
        [
          ...["hping3", "--quiet", "--count", "1", "--icmp", "--icmptype", "3", "--icmpcode", "3"],
          ...["--icmp-ipproto", String(protocol), "--icmp-ipsrc", host.address],
          ...["--icmp-ipdst", client.address, "--icmp-srcport", String(port)],
          ...["--icmp-dstport", "5000", host.address],
        ],
        { ok: "any" },
      );
    }
    await expect.poll(received).toBe(before + 2);
    expect(await client.canConnect(host.address, 22, 400)).toBe("silent");
    expect(await answersUdp(client, host.address, 53)).toBe(false);
    expect(await client.pings(host.address, 400)).toBe(false);
    await goesOn(session);
  });
});

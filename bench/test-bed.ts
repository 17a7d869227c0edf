import { LiveHost } from "../test/live/host.ts";
import { enterAlone } from "../test/live/namespace.ts";
import type { Process } from "../test/live/process.ts";
import { run } from "../test/live/run.ts";
import type { LinkEnds } from "./ipv4-header.ts";
import { addressNumber } from "./syn.ts";

const serverMac = "02:00:00:00:00:01";
const clientMac = "02:00:00:00:00:02";

/** Where the client's SYNs come from, and where they go. */
export const clientLink: LinkEnds = { from: mac(clientMac), to: mac(serverMac) };

/** The server has two, so that two clients can be told apart by where they knock. */
export const serverAddresses: readonly [string, string] = ["10.77.0.1", "10.77.0.101"];

/** Clients that are watched come from 10.78.0.0/16; those of its upper half are the client host's own. */
export const clientNetwork: number = addressNumber("10.78.0.0");
export const ownClients: number = addressNumber("10.78.200.0");
/** How many own addresses the client host has. */
const ownClientCount = 240;

/** Where floods come from. */
const floodNetwork = "11.0.0.0/8";

/** The port that doors open, and one that is always open, to measure the measurement. */
export const doorPort = 22;
export const openPort = 80;

/** How the server is shut: by iptables rules, or by Sesame's own table, which leaves other services alone. */
export type Shut = "by rules" | "by Sesame";

/** How far the packets of floods get: to packet sockets alone, or also to the server's IP stack and its rules. */
export type FloodReach = "packet sockets" | "rules";

let opened = 0;

/**
 * A server and a client, each a network namespace, joined by a cable without a switch between them. The
 * server answers whatever address a packet came from to the client. Inside scripts/private only.
 */
export class BenchTestBed {
  readonly server: LiveHost;
  readonly client: LiveHost;
  #listeners: Process[] = [];

  private constructor(server: LiveHost, client: LiveHost) {
    this.server = server;
    this.client = client;
  }

  static async open(): Promise<BenchTestBed> {
    const name = `b${process.pid}-${++opened}`;
    const [address] = serverAddresses;
    const stage = new BenchTestBed(
      new LiveHost("server", `${name}-server`, address, ""),
      new LiveHost("client", `${name}-client`, "10.77.0.2", ""),
    );
    await stage.#make();
    return stage;
  }

  /** Removes all rules and tables of the server, and shuts its port 22. */
  async shut(how: Shut, reach: FloodReach = "packet sockets"): Promise<void> {
    const rules = [
      "*filter",
      ":INPUT DROP",
      "-A INPUT -i lo -j ACCEPT",
      // Stateless on purpose: what conntrack costs for each packet is not what is measured here.
      "-A INPUT -p tcp ! --syn -j ACCEPT",
      `-A INPUT -p tcp --dport ${openPort} -j ACCEPT`,
      ...(how === "by rules" ? [] : [`-A INPUT -p tcp --dport ${doorPort} -j ACCEPT`]),
      "COMMIT",
    ];
    await this.server.run(["nft", "flush", "ruleset"]);
    await this.server.run(["iptables-restore"], { input: `${rules.join("\n")}\n` });
    if (reach === "rules") return;
    // Packet sockets have seen a packet before this drops it. A server has a core for what its IP stack
    // makes of a flood; here that would slow down the generator, which has to do with neither daemon.
    const dropped = `ip saddr ${floodNetwork} drop`;
    const hook = "type filter hook ingress device eth0 priority 0; policy accept;";
    await this.server.run(["nft", `table netdev flood { chain ingress { ${hook} ${dropped}; }; }`]);
  }

  /** Lets the client's programs come from this address of its own when they talk to `server`. */
  async comeFrom(source: string, server: string): Promise<void> {
    await this.client.ip("route", "replace", `${server}/32`, "dev", "eth0", "src", source);
  }

  /** Runs `task`, which must not wait for anything, in a host's namespace. */
  at<T>(host: LiveHost, task: () => T): T {
    const leave = enterAlone(host);
    try {
      return task();
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    for (const host of [this.server, this.client]) {
      await host.killAll();
      await run(["ip", "netns", "del", host.namespace]);
    }
  }

  async #make(): Promise<void> {
    const { server, client } = this;
    for (const { namespace } of [server, client]) await run(["ip", "netns", "add", namespace]);
    const quiet = "echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6 || :";
    await server.run(["sh", "-c", quiet]);
    await client.run(["sh", "-c", quiet]);
    await run([
      ...["ip", "link", "add", "eth0", "address", serverMac, "netns", server.namespace],
      ...["type", "veth", "peer", "name", "eth0", "address", clientMac],
      ...["netns", client.namespace],
    ]);
    await batch(server, [
      "link set lo up",
      "link set eth0 up",
      ...serverAddresses.map((address) => `address add ${address}/24 dev eth0`),
      `neighbour replace ${client.address} lladdr ${clientMac} dev eth0 nud permanent`,
      `route add default via ${client.address}`,
    ]);
    await batch(client, [
      "link set lo up",
      "link set eth0 up",
      `address add ${client.address}/24 dev eth0`,
      ...Array.from({ length: ownClientCount }, (_, i) => `address add 10.78.200.${i}/32 dev eth0`),
      ...serverAddresses.map(
        (address) => `neighbour replace ${address} lladdr ${serverMac} dev eth0 nud permanent`,
      ),
    ]);
    this.#listeners = [await server.listen(doorPort), await server.listen(openPort)];
    if (this.#listeners.some(({ running }) => !running)) throw new Error("no listener");
  }
}

async function batch(host: LiveHost, commands: readonly string[]): Promise<void> {
  const input = `${commands.join("\n")}\n`;
  await run(["ip", "-n", host.namespace, "-batch", "-"], { input });
}

function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

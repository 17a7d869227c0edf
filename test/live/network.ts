import { existsSync } from "node:fs";
import { LiveHost, withPrefix } from "./host.ts";
import { canRunLive } from "./requirements.ts";
import { run } from "./run.ts";

let opened = 0;

/**
 * The test bed: hosts around one switch, each a network namespace.
 *
 *     server eth0 ──┐
 *     client eth0 ──┼── br0 (a bridge, in a namespace of its own)
 *     …             ┘
 *
 * The n-th host has 10.77.0.n/24 and fd77::n/64. It must run inside scripts/private: then neither the
 * names nor the packets can meet anything of the machine, and nothing is left if the test is killed.
 */
export class LiveNetwork {
  readonly #hosts: ReadonlyMap<string, LiveHost>;
  readonly #switch: string;
  #closing: Promise<void> | undefined;

  private constructor(hosts: readonly LiveHost[], bridge: string) {
    this.#hosts = new Map(hosts.map((host) => [host.name, host]));
    this.#switch = bridge;
  }

  /** Makes the hosts. Names may be anything; at most 200. */
  static async open(names: readonly string[] = ["server", "client"]): Promise<LiveNetwork> {
    const reason = canRunLive();
    if (reason !== undefined) throw new Error(`no test bed: ${reason}`);
    const prefix = `t${process.pid}-${++opened}`;
    const hosts = names.map(
      (name, i) => new LiveHost(name, `${prefix}-${name}`, `10.77.0.${i + 1}`, `fd77::${i + 1}`),
    );
    const network = new LiveNetwork(hosts, `${prefix}-switch`);
    try {
      await network.#make();
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** Whether this kernel has IPv6: without it the hosts have IPv4 addresses only. */
  static readonly hasIPv6: boolean = existsSync("/proc/net/if_inet6");

  get hosts(): LiveHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string): LiveHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`the network has no host "${name}"`);
    return host;
  }

  /** Kills what runs on the hosts and removes them. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#remove();
    return this.#closing;
  }

  async #make(): Promise<void> {
    const namespaces = [this.#switch, ...this.hosts.map((host) => host.namespace)];
    await ip(namespaces.map((name) => `netns add ${name}`));
    // Before the interfaces are there, so that they never send a packet that no test asked for.
    await Promise.all(namespaces.map(silence));
    await ip(
      [
        "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        "link set br0 up",
        ...this.hosts.flatMap(({ namespace }, i) => [
          `link add port${i + 1} type veth peer name eth0 netns ${namespace}`,
          `link set port${i + 1} master br0 up`,
        ]),
      ],
      this.#switch,
    );
    await Promise.all(this.hosts.map(equip));
  }

  async #remove(): Promise<void> {
    const present = (await run(["ip", "netns", "list"])).stdout.split(/\s+/);
    const hosts = this.hosts.filter((host) => present.includes(host.namespace));
    await Promise.all(hosts.map((host) => host.killAll()));
    const namespaces = [this.#switch, ...hosts.map((host) => host.namespace)];
    await ip(
      namespaces.filter((name) => present.includes(name)).map((name) => `netns del ${name}`),
    );
  }
}

/** Runs several `ip` commands at once, in a namespace if given. */
async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  await run(["ip", ...where, "-batch", "-"], { input: `${commands.join("\n")}\n` });
}

/** Keeps IPv6 from sending router solicitations and probing for duplicate addresses by itself. */
async function silence(namespace: string): Promise<void> {
  if (!LiveNetwork.hasIPv6) return;
  const settings = ["accept_dad", "router_solicitations"].map(
    (key) => `echo 0 >/proc/sys/net/ipv6/conf/default/${key}`,
  );
  await run(["ip", "netns", "exec", namespace, "sh", "-ec", settings.join("\n")]);
}

async function equip(host: LiveHost): Promise<void> {
  const addresses = LiveNetwork.hasIPv6 ? [host.address, host.address6] : [host.address];
  await ip(
    [
      "link set lo up",
      "link set eth0 up",
      ...addresses.map((address) => `address add ${withPrefix(address).join(" ")} dev eth0`),
    ],
    host.namespace,
  );
}

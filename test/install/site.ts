import { expect } from "vitest";
import type { LiveHost } from "../live/host.ts";
import { LiveNetwork } from "../live/network.ts";
import { Debian } from "./debian.ts";

/**
 * Doors of both kinds, behind a firewall that drops what no rule accepts. The name of one is beyond ASCII:
 * not every Node reads that alike, and this is another one than that of the other tests.
 */
export const doors: string = `[options]
    LogFile = /var/log/knockd.log

[native]
    sequence = 7003,9140,8455
    tcpflags = syn
    open     = tcp/2200
    open_for = 10m
    protect  = yes

[규칙]
    sequence      = 7103,9240,8555
    tcpflags      = syn
    start_command = /usr/sbin/iptables -I INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
    cmd_timeout   = 600
    stop_command  = /usr/sbin/iptables -D INPUT -s %IP% -p tcp --dport 2300 -j ACCEPT
`;

/** What the second of them adds to the firewall. */
export const rule = "-A INPUT -s 10.77.0.2/32 -p tcp -m tcp --dport 2300 -j ACCEPT";

/** A Debian behind a firewall that drops what no rule accepts, and a client. */
export class Site {
  readonly debian: Debian;
  readonly client: LiveHost;
  readonly #network: LiveNetwork;

  private constructor(network: LiveNetwork, debian: Debian) {
    this.#network = network;
    this.debian = debian;
    this.client = network.host("client");
  }

  static async open(release: string): Promise<Site> {
    const network = await LiveNetwork.open();
    const debian = await Debian.open(release, network);
    const { host } = debian;
    await host.run(["iptables", "-P", "INPUT", "DROP"]);
    await host.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "2200", "-j", "ACCEPT"]);
    for (const port of [2200, 2300]) await host.listen(port, host.address);
    return new Site(network, debian);
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  /** A fresh Debian on the client's host. */
  async openClient(release: string): Promise<Debian> {
    return await Debian.open(release, this.#network, this.client.name);
  }

  /** What the client sees of a port. */
  async connects(port: number): Promise<string> {
    return await this.client.canConnect(this.debian.host.address, port, 400);
  }

  /** The rules that accept, of those that doors make. */
  async rules(): Promise<string[]> {
    const lines = (await this.debian.says("iptables -S INPUT")).split("\n");
    return lines.filter((line) => line.includes("--dport 23"));
  }

  /** What dpkg says of our package, such as `ii`. */
  async installed(): Promise<string> {
    return await this.debian.says("dpkg-query -W -f '$'{db:Status-Abbrev} sesame-knock");
  }

  /** Knocks from the client, with the knock that is installed. */
  async knock(...ports: number[]): Promise<void> {
    const argv = ["chroot", this.debian.path, "/usr/bin/knock", this.debian.host.address];
    await this.client.run([...argv, ...ports.map(String)]);
  }

  async configure(config: string): Promise<void> {
    this.debian.write("etc/knockd.conf", config);
    await this.debian.sh("/etc/init.d/knockd restart");
  }

  /** Installs the package. Both doors are open, and nobody else gets in. */
  async openBoth(): Promise<void> {
    await this.debian.install();
    await this.configure(doors);
    expect(await this.connects(2200)).toBe("silent");
    await this.knock(7003, 9140, 8455);
    await expect.poll(() => this.connects(2200)).toBe("open");
    expect(await this.connects(2300)).toBe("silent");
    await this.knock(7103, 9240, 8555);
    await expect.poll(() => this.connects(2300)).toBe("open");
  }
}

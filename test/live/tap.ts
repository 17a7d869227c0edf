import type { Host } from "./host.ts";
import type { Process } from "./process.ts";

/** Listens to what arrives at a host's `eth0`, with tcpdump. */
export class Tap {
  readonly #tcpdump: Process;

  private constructor(tcpdump: Process) {
    this.#tcpdump = tcpdump;
  }

  /** Resolves when it listens. It ends with the network. */
  static async open(host: Host): Promise<Tap> {
    const argv = ["tcpdump", "-l", "-n", "-Q", "in", "-i", "eth0", "tcp or udp"];
    const tcpdump = host.start(argv);
    await tcpdump.waitFor(/^listening on/m);
    return new Tap(tcpdump);
  }

  /** The SYNs and datagrams that came from an address so far, as `tcp 7000` or `udp 7000`. */
  from(address: string): string[] {
    return this.#tcpdump.stdout.split("\n").flatMap((line) => {
      const [, source, port, rest = ""] = / IP6? (\S+)\.\d+ > \S+\.(\d+): (.*)/.exec(line) ?? [];
      if (source !== address) return [];
      if (rest.startsWith("Flags [S]")) return [`tcp ${port}`];
      return rest.startsWith("Flags") ? [] : [`udp ${port}`];
    });
  }
}

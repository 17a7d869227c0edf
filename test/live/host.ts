import type { ProbeResult, Runner } from "./probe.ts";
import { connect, listen, ping } from "./probe.ts";
import type { ProcessResult, StartOptions } from "./process.ts";
import { Process } from "./process.ts";
import type { LiveRunOptions } from "./run.ts";
import { run } from "./run.ts";

/** A machine of the test bed: a network namespace with one interface, `eth0`. */
export class LiveHost implements Runner {
  readonly name: string;
  /** The name of its network namespace, for `ip netns` and `ip -n`. */
  readonly namespace: string;
  /** Its first IPv4 address, without the prefix length. */
  readonly address: string;
  /** Its first IPv6 address. */
  readonly address6: string;
  readonly #processes = new Set<Process>();

  constructor(name: string, namespace: string, address: string, address6: string) {
    this.name = name;
    this.namespace = namespace;
    this.address = address;
    this.address6 = address6;
  }

  /** Runs a program on this host to its end; see `run`. */
  async run(argv: readonly string[], options: LiveRunOptions = {}): Promise<ProcessResult> {
    return await run(this.#here(argv), options);
  }

  /** Starts a program on this host, which `Network.close` ends at the latest. */
  start(argv: readonly string[], options: StartOptions = {}): Process {
    const program = new Process(this.#here(argv), options);
    this.#processes.add(program);
    return program;
  }

  /** Runs `ip` with these words in this host's namespace: `host.ip("link", "set", "eth0", "down")`. */
  async ip(...words: string[]): Promise<ProcessResult> {
    return await run(["ip", "-n", this.namespace, ...words]);
  }

  /** Gives `eth0` one more address of the network, usable at once. */
  async addAddress(address: string): Promise<void> {
    await this.ip("address", "add", ...withPrefix(address), "dev", "eth0");
  }

  async removeAddress(address: string): Promise<void> {
    const [cidr = address] = withPrefix(address);
    await this.ip("address", "del", cidr, "dev", "eth0");
  }

  /** Tries a TCP connection to `address`, for `timeout` milliseconds, from one of this host's addresses if given. */
  async canConnect(
    address: string,
    port: number,
    timeout = 800,
    from?: string,
  ): Promise<ProbeResult> {
    return await connect(this, address, port, timeout, from);
  }

  /** Starts a TCP listener that greets and hangs up; resolves when it listens. */
  async listen(port: number, address?: string): Promise<Process> {
    return await listen(this, port, address);
  }

  /** Whether `address` answers one echo request within `timeout` milliseconds. */
  async pings(address: string, timeout = 800): Promise<boolean> {
    return await ping(this, address, timeout);
  }

  /** Kills everything that runs on this host, also what its programs left in the background. */
  async killAll(): Promise<void> {
    const started = [...this.#processes].filter((program) => program.running);
    for (const program of started) program.signal("SIGKILL");
    await Promise.allSettled(started.map((program) => program.ended));
    for (const pid of await this.#pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself since.
      }
    }
  }

  async #pids(): Promise<number[]> {
    const { stdout } = await run(["ip", "netns", "pids", this.namespace]);
    return stdout.split("\n").filter(Boolean).map(Number);
  }

  #here(argv: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.namespace, ...argv];
  }
}

/** The words of `ip address` for an address of the test network. */
export function withPrefix(address: string): string[] {
  // Duplicate address detection would keep an IPv6 address back for a second.
  return address.includes(":") ? [`${address}/64`, "nodad"] : [`${address}/24`];
}

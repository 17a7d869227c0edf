import type { LiveHost } from "../live/host.ts";
import { Server } from "../live/server.ts";
import type { DoorName, IpFamily, Knocks } from "./client.ts";
import { configuration, doors } from "./client.ts";

/** Milliseconds that a packet may take to be seen after its client has ended. */
const grace = 1_500;

/** A server whose doors open ssh, with whom clients are tried. */
export class Gate {
  readonly knocks: Knocks;
  readonly server: Server;

  private constructor(host: LiveHost, knocks: Knocks) {
    this.knocks = knocks;
    this.server = new Server(host, configuration);
  }

  /** Starts the daemon on this host, and ssh; what is sent to other ports is dropped or refused. */
  static async open(host: LiveHost, knocks: Knocks): Promise<Gate> {
    const gate = new Gate(host, knocks);
    if (knocks === "dropped") {
      for (const table of ["iptables", "ip6tables"]) {
        for (const protocol of ["tcp", "udp"]) {
          const ports = ["-p", protocol, "--dport", "7000:9999"];
          await host.run([table, "-A", "INPUT", ...ports, "-j", "DROP"], { ok: "any" });
        }
      }
    }
    await host.listen(22);
    await gate.server.start();
    return gate;
  }

  /** Its address of this family. */
  address(family: IpFamily): string {
    return addressOf(this.server.host, family);
  }

  /**
   * Types a line on a host and tells what comes of it: `opens`, when the daemon has opened the door and
   * ssh answers; `too slow`, when the time of the sequence is over and the line has not ended;
   * `sends nothing`, with its last words if there are any; or how far it came.
   */
  async try(
    host: LiveHost,
    line: string,
    door: DoorName,
    family: IpFamily,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const daemon = this.server.daemon;
    if (daemon === undefined) throw new Error("no daemon");
    const source = addressOf(host, family);
    const server = this.address(family);
    const seen = (what: string) => new RegExp(`^${source}: ${door}: ${what}`, "m");
    const program = host.start(["bash", "-c", line], { env });
    const over = new AbortController();
    const verdict = daemon
      .waitFor(seen("(OPEN SESAME|sequence timeout)"), (doors[door].timeout + 30) * 1_000)
      .then(([, word]) => word);
    const ended = program.ended.then(() => sleep(grace, over.signal));
    try {
      switch (await Promise.race([verdict, ended])) {
        case "OPEN SESAME":
          return (await host.canConnect(server, 22, 5_000)) === "open" ? "opens" : "ssh is silent";
        case "sequence timeout":
          return program.running ? "too slow" : stages(daemon.stdout, source, door);
        default: {
          if (seen("").test(daemon.stdout)) return stages(daemon.stdout, source, door);
          const said = lastWords(program.output).replaceAll(server, "HOST");
          return said === "" ? "sends nothing" : `sends nothing: \`${said}\``;
        }
      }
    } finally {
      over.abort();
      verdict.catch(() => {}); // What nobody waits for any more.
      program.signal("SIGKILL");
    }
  }
}

/** The first address of this family. */
export function addressOf(host: LiveHost, family: IpFamily): string {
  return family === 6 ? host.address6 : host.address;
}

function stages(log: string, source: string, door: DoorName): string {
  const last = log
    .split("\n")
    .filter((line) => line.startsWith(`${source}: ${door}: `))
    .at(-1);
  return `only ${last?.replace(/.*: /, "")}`;
}

function lastWords(output: string): string {
  return output.trim().split("\n").at(-1)?.trim() ?? "";
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}

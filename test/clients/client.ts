/** Something that people knock with. */
export interface Client {
  /** Unlike that of any other. */
  readonly name: string;
  /** The programs that it takes, but for what is always there. `knock` is Debian's. */
  readonly programs: readonly string[];
  /**
   * What people type into a shell: HOST stands for the server's address, `[-6] ` and `[6]` for what
   * IPv6 takes besides.
   */
  readonly typed: (ports: readonly string[]) => string;
  /** The door that it knocks at. Default `tcp`. */
  readonly door?: DoorName;
  /** Folders that come first in its PATH. */
  readonly path?: string;
  /** Settings of the kernel on its machine, in /proc/sys/net/ipv4. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Prints its version, somewhere. */
  readonly version: string;
  /** What comes out, where it cannot open: everywhere else it must. */
  readonly fails?: (knocks: Knocks, family: IpFamily) => string | undefined;
  /** Whether it takes tens of seconds. */
  readonly slow?: boolean;
}

/** What the server does to the packets of a knock: a firewall drops them, or its ports are closed. */
export type Knocks = "dropped" | "refused";

export type IpFamily = 4 | 6;

/** The doors that clients knock at: their steps as `knock` takes them, and how long a knock may take. */
export const doors = {
  tcp: { ports: ["7303", "9140", "8455"], timeout: 25 },
  udp: { ports: ["7303:udp", "9140:udp", "8455:udp"], timeout: 25 },
  mixed: { ports: ["7413", "9251:udp", "8566"], timeout: 25 },
  rising: { ports: ["7524", "8677", "9362"], timeout: 25 },
  patient: { ports: ["7635", "9473", "8788"], timeout: 60 },
} as const;

export type DoorName = keyof typeof doors;

/** The doors in the configuration of a daemon. All of them open ssh. */
export const configuration: string = Object.entries(doors)
  .map(([name, { ports, timeout }]) =>
    [
      `[${name}]`,
      `sequence = ${ports.join(",")}`,
      `seq_timeout = ${timeout}`,
      "tcpflags = syn",
      "open = tcp/22",
      "open_for = 10m",
      "protect = yes",
      "",
    ].join("\n"),
  )
  .join("\n");

/** What a client types to knock at these ports of a server. */
export function commandLine(client: Client, address: string, ports: readonly string[]): string {
  const v6 = address.includes(":");
  return client
    .typed(ports)
    .replaceAll("[-6] ", v6 ? "-6 " : "")
    .replaceAll("[6]", v6 ? "6" : "")
    .replaceAll("//HOST", v6 ? `//[${address}]` : `//${address}`)
    .replaceAll("HOST", address);
}

/** The environment to type it in, beside that of the test. */
export function environment({ path }: Client): Record<string, string> {
  // No proxy of this machine's stands between a client and the server.
  const proxies = ["http_proxy", "https_proxy", "all_proxy"];
  const plain = Object.fromEntries(
    proxies.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, ""]),
  );
  return path === undefined ? plain : { ...plain, PATH: `${path}:${process.env["PATH"]}` };
}

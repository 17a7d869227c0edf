import { randomInt } from "node:crypto";
import { KnockError } from "../base/errors.ts";
import type { PortRange } from "../base/port.ts";
import type { Config } from "../config/config.ts";
import { fixedSteps, namedServices } from "../config/config.ts";
import type { HostFacts } from "../config/traps/host.ts";
import { isBadPort } from "../invitation/bad-ports.ts";
import { listeningPorts } from "../system/listening.ts";
import { readLocalPorts } from "../system/proc.ts";

/** The ports of this machine that cannot be steps. */
export interface PortFacts {
  readonly listening: HostFacts["listening"];
  /** The ports that the system takes for its own connections. */
  readonly ephemeral: PortRange;
  /** The steps of doors, and the services that they open. */
  readonly doors: ReadonlySet<number>;
}

/** Ports that people and programs connect to by habit. */
const habits: ReadonlySet<number> = new Set([
  1080, 1194, 1433, 1434, 1521, 1701, 1723, 1812, 1883, 1900, 2000, 2049, 2082, 2083, 2086, 2087,
  2095, 2096, 2181, 2222, 2375, 2376, 2379, 3000, 3001, 3128, 3260, 3268, 3306, 3389, 3478, 4000,
  4369, 4443, 4444, 4500, 5000, 5001, 5060, 5061, 5222, 5269, 5353, 5355, 5432, 5555, 5601, 5671,
  5672, 5683, 5900, 5901, 5938, 5984, 5985, 6000, 6379, 6443, 7000, 7001, 8000, 8006, 8008, 8009,
  8080, 8081, 8086, 8088, 8089, 8090, 8123, 8140, 8200, 8291, 8333, 8443, 8448, 8500, 8834, 8883,
  8888, 9000, 9001, 9042, 9090, 9092, 9093, 9100, 9200, 9300, 9418, 9443, 9999, 10000, 10050, 10051,
  10250, 11211, 11434, 15672, 16509, 19999, 25565, 27017, 28015, 30303, 32400, 64738,
]);

/** From which a KnockPort is chosen. */
const knockPorts = { first: 10_000, last: 29_999 };

/** The ports outside the default range of local ports. */
const ranges = [
  [1024, 32_767],
  [61_000, 65_535],
] as const;

/** Returns the ports that a sequence may use: clients have no other reason to send packets there. */
export function usablePorts({ listening, ephemeral, doors }: PortFacts): number[] {
  const [first, last] = ephemeral;
  return ranges
    .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
    .filter(
      (port) =>
        !(port >= first && port <= last) &&
        !listening.tcp.has(port) &&
        !listening.udp.has(port) &&
        !doors.has(port) &&
        !habits.has(port) &&
        // Browsers do not connect to bad ports.
        !isBadPort(port),
    );
}

/** Returns the facts of this machine, with the doors of this configuration. */
export function portFacts({ doors }: Pick<Config, "doors">): PortFacts {
  const steps = doors.flatMap((door) => fixedSteps(door).map(({ number }) => number));
  const services = doors.flatMap(namedServices);
  const opened = services.flatMap((one) => (one.protocol === "icmp" ? [] : [one.port]));
  return {
    listening: listeningPorts(),
    ephemeral: readLocalPorts(),
    doors: new Set([...steps, ...opened]),
  };
}

/** Returns a random UDP port for knocks by key, beside those that doors use and these. Throws SYSTEM. */
export function chooseKnockPort(config: Config, taken: readonly number[] = []): number {
  const { first, last } = knockPorts;
  const free = usablePorts(portFacts(config)).filter(
    (port) => port >= first && port <= last && !taken.includes(port),
  );
  const port = free[randomInt(Math.max(1, free.length))];
  if (port === undefined) throw new KnockError("SYSTEM", "no port is free to be a KnockPort");
  return port;
}

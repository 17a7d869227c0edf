import type { Address } from "../base/address.ts";
import { formatNetwork } from "../base/address.ts";
import { KnockError } from "../base/errors.ts";
import type { RoutedService, Service } from "../base/service.ts";
import { isRouted } from "../base/service.ts";
import { runBeside } from "./run-beside.ts";
import { complaint } from "./run-program.ts";

/** Milliseconds that a tool may take. */
const timeout = 5000;

/**
 * Ends the connections of a source to these services, or all of them. Closes the sockets of this host, since
 * a TCP packet in mid-stream can re-create a conntrack entry, and deletes the entries of conntrack(8), so
 * that the firewall treats the next packet as new. Returns the number of connections. Throws SYSTEM.
 */
export async function cutConnections(
  source: Address,
  services: readonly Service[] | undefined,
): Promise<number> {
  const cuts = (services ?? [undefined]).map(async (service) => {
    if (service !== undefined && isRouted(service)) return await forgetRouted(source, service);
    // Sockets first: a packet from an open socket would create a new entry.
    const sockets = service?.protocol === "icmp" ? 0 : await closeSockets(source, service);
    const entries = await forget(source, service);
    // Most connections have both. conntrack is not always active, and forwarded connections have no socket.
    return Math.max(sockets, entries);
  });
  return (await Promise.all(cuts)).reduce((sum, count) => sum + count, 0);
}

/** ss(8) -K needs a kernel with CONFIG_INET_DIAG_DESTROY; without it only the conntrack entries are deleted. */
async function closeSockets(source: Address, service: Service | undefined): Promise<number> {
  const host = source.family === 4 ? `${source}` : `[${source}]`;
  const port = service === undefined || service.protocol === "icmp" ? [] : portFilter(service.port);
  // Only connected sockets: listeners, and most UDP sockets, have no remote end.
  const args = ["-HKn", "-t", "state", "connected", "dst", host, ...port];
  if (service?.protocol === "udp") args[1] = "-u";
  const { code, stdout } = await runBeside(["ss", ...args], { timeout });
  return code === 0 ? countLines(stdout) : 0;
}

function portFilter(port: number): string[] {
  return ["sport", "=", `:${port}`];
}

/** Deletes the entries of connections to other hosts, which have no socket here. */
async function forgetRouted(source: Address, service: RoutedService): Promise<number> {
  const hosts = service.hosts.filter(({ base }) => base.family === source.family);
  const counts = hosts.map((host) => forget(source, service, ["-d", formatNetwork(host)]));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** `more`: further options of conntrack(8), which compares the direction of the first packet. */
async function forget(
  source: Address,
  service: Service | undefined,
  more: readonly string[] = [],
): Promise<number> {
  const family = source.family === 4 ? "ipv4" : "ipv6";
  const filter = service === undefined ? [] : conntrackFilter(service, source.family);
  const args = ["-D", "-f", family, "-s", source.toString(), ...filter, ...more];
  const result = await runBeside(["conntrack", ...args], { timeout });
  if (result.code === 0) return countLines(result.stdout);
  // conntrack fails if there is nothing to delete.
  if (result.stderr.includes("0 flow entries")) return 0;
  const hints = ["is the package conntrack installed?"];
  throw new KnockError("SYSTEM", `cannot cut connections: ${complaint(result)}`, { hints });
}

function conntrackFilter(service: Service, family: 4 | 6): string[] {
  if (service.protocol === "icmp") return ["-p", family === 4 ? "icmp" : "icmpv6"];
  return ["-p", service.protocol, "--dport", String(service.port)];
}

function countLines(text: string): number {
  return text.split("\n").filter((line) => line !== "").length;
}

import { isLoopback } from "../base/endpoint.ts";
import type { PortSets, Protocol } from "../base/port.ts";
import { parseSockets, readProc, socketStates } from "./proc.ts";

/** The state of a socket that waits for packets: a TCP listener, a UDP socket without a peer. */
const waiting = { tcp: socketStates.LISTEN, udp: socketStates.CLOSE } as const;

/** The kernel lists all TCP listeners first (proc_net_tcp.rst); the connections behind them may be many. */
const afterListeners = new RegExp(`^ *\\d+: \\S+ \\S+ (?!${waiting.tcp})[0-9A-F]{2} `, "m");

/** Returns the ports on which something waits for packets of other hosts. */
export function listeningPorts(): PortSets {
  const ports = (protocol: Protocol, until?: RegExp) =>
    new Set(
      [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((path) =>
        parseListening(readProc(path, until), protocol),
      ),
    );
  return { tcp: ports("tcp", afterListeners), udp: ports("udp") };
}

/** Returns the waiting ports in the text of /proc/net/tcp and its like that other hosts can reach. Pure. */
export function parseListening(text: string, protocol: Protocol, order?: "LE" | "BE"): number[] {
  return parseSockets(text, waiting[protocol], order)
    .filter(({ local }) => !isLoopback(local.address))
    .map(({ local }) => local.port);
}

import type { Endpoint } from "../base/endpoint.ts";
import type { SocketRow } from "./proc.ts";
import { parseSockets, readProcIfThere, socketStates } from "./proc.ts";

/** Returns an endpoint as sshd writes it in its log: `192.0.2.7 port 50000`. */
export function formatPeer({ address, port }: Endpoint): string {
  return `${address} port ${port}`;
}

/** Returns this host's TCP connections. Throws SYSTEM. */
export function tcpConnections(): readonly SocketRow[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    parseConnections(readProcIfThere(file)),
  );
}

/** Returns the connections in the text of /proc/net/tcp or tcp6. Pure. */
export function parseConnections(text: string, order?: "LE" | "BE"): SocketRow[] {
  return parseSockets(text, socketStates.ESTABLISHED, order);
}

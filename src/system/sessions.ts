import type { Endpoint } from "../base/endpoint.ts";
import { parseSockets, readProc, socketStates } from "./proc.ts";

/** Returns an endpoint as sshd writes it in its log: `192.0.2.7 port 50000`. */
export function formatPeer({ address, port }: Endpoint): string {
  return `${address} port ${port}`;
}

/** Returns the remote ends of this host's TCP connections, as `formatPeer` writes them. */
export function connectedPeers(): ReadonlySet<string> {
  const files = ["/proc/net/tcp", "/proc/net/tcp6"];
  return new Set(files.flatMap((file) => parsePeers(readProc(file)).map(formatPeer)));
}

/** Returns the remote ends of the connections in the text of /proc/net/tcp or tcp6. Pure. */
export function parsePeers(text: string, order?: "LE" | "BE"): Endpoint[] {
  return parseSockets(text, socketStates.ESTABLISHED, order).map(({ remote }) => remote);
}

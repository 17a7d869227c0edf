import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { Address } from "../base/address.ts";

/** The far end of a TCP connection. */
export interface Peer {
  readonly address: Address;
  readonly port: number;
}

export function formatPeer({ address, port }: Peer): string {
  return `${address} port ${port}`;
}

/** Those who have a TCP connection with this host now, as `formatPeer` writes them. */
export function connectedPeers(): ReadonlySet<string> {
  const files = ["/proc/net/tcp", "/proc/net/tcp6"];
  return new Set(files.flatMap((file) => parsePeers(readTable(file)).map(formatPeer)));
}

/** The far ends of the established connections of /proc/net/tcp or tcp6; see proc(5). Pure. */
export function parsePeers(text: string, order: "LE" | "BE" = endianness()): Peer[] {
  return [...text.matchAll(row)].map(([, address = "", port = ""]) => ({
    address: readAddress(address, order),
    port: Number.parseInt(port, 16),
  }));
}

/** `0: 0100007F:0016 0100007F:D2F0 01 …`: 01 is TCP_ESTABLISHED (net/tcp_states.h). */
const row = /^ *\d+: [\dA-F]+:[\dA-F]{4} ([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4}) 01 /gm;

/** Words in the byte order of the machine. */
function readAddress(hex: string, order: "LE" | "BE"): Address {
  const words = [...hex.matchAll(/.{8}/g)].map(([word]) => {
    const bytes = Buffer.from(word, "hex");
    return order === "LE" ? bytes.readUInt32LE() : bytes.readUInt32BE();
  });
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  return words.length === 1 ? Address.v4(w0) : new Address(w0, w1, w2, w3);
}

function readTable(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    // Without IPv6 there is no tcp6, without /proc nothing: then no connection is known to be old.
    return "";
  }
}

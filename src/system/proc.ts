// The kernel's tables in /proc that several files read.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { Address } from "../base/address.ts";
import type { Endpoint } from "../base/endpoint.ts";
import { isErrno, KnockError, reason } from "../base/errors.ts";
import type { PortRange } from "../base/port.ts";
import { defaultLocalPorts } from "../base/port.ts";

/** The states of net/tcp_states.h that matter here; an unconnected UDP socket is in state `CLOSE`. */
export const socketStates = { ESTABLISHED: "01", CLOSE: "07", LISTEN: "0A" } as const;

type SocketState = (typeof socketStates)[keyof typeof socketStates];

/** A socket of /proc/net/tcp and its like. */
export interface SocketRow {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** Returns the sockets of one state in the text of /proc/net/tcp, tcp6, udp or udp6 (proc_net_tcp(5)). Pure. */
export function parseSockets(
  text: string,
  state: SocketState,
  order: "LE" | "BE" = endianness(),
): SocketRow[] {
  const end = "([\\dA-F]{8}|[\\dA-F]{32}):([\\dA-F]{4})";
  const rows = text.matchAll(new RegExp(`^ *\\d+: ${end} ${end} ${state} `, "gm"));
  return Array.from(rows, ([, local = "", localPort = "", remote = "", remotePort = ""]) => ({
    local: { address: readAddress(local, order), port: Number.parseInt(localPort, 16) },
    remote: { address: readAddress(remote, order), port: Number.parseInt(remotePort, 16) },
  }));
}

/** Each word of 32 bits is written in the byte order of the machine. */
function readAddress(hex: string, order: "LE" | "BE"): Address {
  const bytes = Buffer.from(hex, "hex");
  const word = (i: number) => (order === "LE" ? bytes.readUInt32LE(i) : bytes.readUInt32BE(i));
  return bytes.length === 4
    ? Address.v4(word(0))
    : new Address(word(0), word(4), word(8), word(12));
}

/**
 * Returns the text of a file in /proc, up to the part that matches `until`. Empty if it cannot
 * be read.
 */
export function readProc(path: string, until?: RegExp): string {
  try {
    return until === undefined ? readFileSync(path, "latin1") : readUntil(path, until);
  } catch {
    // The kernel has no IPv6, or the system is not Linux.
    return "";
  }
}

/** As `readProc`, but empty only if the kernel has no such file. Throws SYSTEM. */
export function readProcIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "";
    throw new KnockError("SYSTEM", `cannot read ${path}: ${reason(error)}`, { cause: error });
  }
}

function readUntil(path: string, until: RegExp): string {
  const fd = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(4096);
    for (let text = ""; ; ) {
      const length = readSync(fd, chunk);
      text += chunk.toString("latin1", 0, length);
      if (length === 0 || until.test(text)) return text;
    }
  } finally {
    closeSync(fd);
  }
}

/** Returns the ports from which this host takes those of its own connections (ip-sysctl.rst). */
export function readLocalPorts(): PortRange {
  const text = readProc("/proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = text.trim().split(/\s+/).map(Number);
  return first !== undefined && last !== undefined ? [first, last] : defaultLocalPorts;
}

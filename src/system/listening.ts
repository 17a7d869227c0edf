import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { endianness } from "node:os";
import type { PortSets, Protocol } from "../base/port.ts";

/** What the kernel calls a socket that waits for somebody: a TCP listener, a UDP socket without a peer. */
const waiting: Readonly<Record<Protocol, string>> = { tcp: "0A", udp: "07" };

/** The ports on which something waits for packets from elsewhere, now; none where there is no /proc. */
export function listeningPorts(): PortSets {
  const ports = (protocol: Protocol, read: (path: string) => string) =>
    new Set([
      ...readTable(read(`/proc/net/${protocol}`), protocol),
      ...readTable(read(`/proc/net/${protocol}6`), protocol),
    ]);
  return { tcp: ports("tcp", readListeners), udp: ports("udp", readProc) };
}

/** The ports of /proc/net/tcp and its like (proc_net_tcp(5)), but for those that only this machine reaches. Pure. */
export function readTable(
  text: string,
  protocol: Protocol,
  order: string = endianness(),
): number[] {
  return text.split("\n").flatMap((line) => {
    const [, address = "", port = "", state] =
      /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) /.exec(line) ?? [];
    const isOpen = state === waiting[protocol] && !isLoopback(address, order);
    return isOpen ? [Number.parseInt(port, 16)] : [];
  });
}

/** An address is written in words of 32 bits, each in the order of the machine's bytes. */
function isLoopback(address: string, order: string): boolean {
  const bytes = address.match(/.{8}/g)?.map((word) => {
    return order === "BE" ? word : (word.match(/../g) ?? []).reverse().join("");
  });
  return /^(?:0{20}F{4})?7F.{6}$|^0{31}1$/.test(bytes?.join("") ?? "");
}

/** The kernel lists all listeners first (proc_net_tcp.rst), and what follows may be long. */
function readListeners(path: string): string {
  let fd: number | undefined;
  let text = "";
  try {
    fd = openSync(path, "r");
    const chunk = Buffer.alloc(4096);
    for (;;) {
      const length = readSync(fd, chunk);
      text += chunk.toString("latin1", 0, length);
      if (length === 0 || /^ *\d+: \S+ \S+ (?!0A)[0-9A-F]{2} /m.test(text)) return text;
    }
  } catch {
    return text; // As below.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // No IPv6, or no Linux: then nothing is known of it.
  }
}

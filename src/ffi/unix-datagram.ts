// unix(7) datagrams, which Node cannot send: syslog and, later, the service manager listen to them.
import { endianness } from "node:os";
import * as libc from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
/** sizeof(sun_path) */
const longestPath = 108;

/** Opens a socket to send datagrams from. Throws SYSTEM. */
export function openUnixDatagram(): number {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw libc.systemError("SYSTEM", "cannot open a unix socket");
  return fd;
}

/** What became of a datagram: `full`, not taken, since too many wait to be read; `lost`: there is no listener. */
export type DatagramResult = "taken" | "full" | "lost";

/** Sends one datagram without ever waiting. */
export function sendUnixDatagram(fd: number, path: string, data: Uint8Array): DatagramResult {
  // A path ends with a NUL; an abstract address begins with one, and every byte of it counts.
  const name = new TextEncoder().encode(path.startsWith("\0") ? path : `${path}\0`);
  if (name.length > longestPath) return "lost";
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, endianness() === "LE");
  address.set(name, 2);
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (libc.sendto(fd, data, data.length, flags, address, address.length) >= 0) return "taken";
  return libc.errno() === EAGAIN ? "full" : "lost";
}

export function closeUnixDatagram(fd: number): void {
  libc.close(fd);
}

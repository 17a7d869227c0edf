// Sockets of netlink(7), without the meaning of what they carry.
import { endianness } from "node:os";
import * as libc from "./libc.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;

/** Parts of the kernel that can be spoken with, and what is wrong where that fails. */
const protocols = {
  route: { number: 0, code: "SYSTEM" },
  netfilter: { number: 12, code: "FIREWALL" },
} as const;

/** A datagram of the kernel's is at most 32 KiB. */
const datagram = 65536;

const littleEndian = endianness() === "LE";

/** A socket in this process's network namespace. No call on it ever waits. */
export class NetlinkSocket {
  readonly #protocol: keyof typeof protocols;
  readonly fd: number;
  /** The number by which the kernel tells whose request it answers, or tells others of. */
  readonly port: number;
  readonly #buffer = new Uint8Array(datagram);

  /** `groups`: a bit for each kind of news. Throws FIREWALL for netfilter, else SYSTEM. */
  constructor(protocol: keyof typeof protocols, groups = 0) {
    const { number, code } = protocols[protocol];
    this.#protocol = protocol;
    this.fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, number);
    if (this.fd < 0) throw libc.systemError(code, `cannot open a netlink socket (${protocol})`);
    const address = socketAddress(groups);
    if (
      libc.bind(this.fd, address, address.length) !== 0 ||
      libc.getsockname(this.fd, address, libc.int32(address.length)) !== 0
    ) {
      const error = libc.systemError(code, `cannot bind a netlink socket (${protocol})`);
      this.close();
      throw error;
    }
    this.port = new DataView(address.buffer).getUint32(4, littleEndian);
  }

  /** Sets an integer option. False if this kernel does not know it, or the rights for it are missing. */
  option(level: number, option: number, value: number): boolean {
    return libc.setsockopt(this.fd, level, option, libc.int32(value), 4) === 0;
  }

  /** The kernel carries a request out before this returns. Throws like the constructor. */
  send(request: Uint8Array): void {
    if (libc.sendto(this.fd, request, request.length, 0, kernel, kernel.length) < 0) {
      const { code } = protocols[this.#protocol];
      throw libc.systemError(code, `cannot send a netlink request (${this.#protocol})`);
    }
  }

  /** One datagram, valid until the next call, or the errno: EAGAIN when nothing (more) is there. */
  receive(): DataView | number {
    const length = libc.recv(this.fd, this.#buffer, datagram, MSG_DONTWAIT);
    return length < 0 ? libc.errno() : new DataView(this.#buffer.buffer, 0, length);
  }

  close(): void {
    libc.close(this.fd);
  }
}

/** struct sockaddr_nl { u16 family, u16 pad, u32 port, u32 groups }; port 0: the kernel, or one of its choice */
function socketAddress(groups: number): Uint8Array {
  const address = new Uint8Array(12);
  const fields = new DataView(address.buffer);
  fields.setUint16(0, AF_NETLINK, littleEndian);
  fields.setUint32(8, groups, littleEndian);
  return address;
}

const kernel = socketAddress(0);

// rtnetlink(7): which addresses this host has, and word of changes to interfaces and addresses.
import { endianness } from "node:os";
import { Address } from "../base/address.ts";
import * as libc from "./libc.ts";
import { whenReadable } from "./readable.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const NLMSG_HEADER = 16;
const IFADDRMSG = 8;
const EAGAIN = 11;

const littleEndian = endianness() === "LE";

/** Every address of every interface of this host's network namespace, up or down. Throws SYSTEM. */
export function hostAddresses(): Address[] {
  const fd = openNetlink(0, 0);
  try {
    // struct nlmsghdr { len, type, flags, seq, pid }, then struct ifaddrmsg, all zero: any family
    const request = new Uint8Array(NLMSG_HEADER + IFADDRMSG);
    const header = new DataView(request.buffer);
    header.setUint32(0, request.length, littleEndian);
    header.setUint16(4, RTM_GETADDR, littleEndian);
    header.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, littleEndian);
    if (libc.sendto(fd, request, request.length, 0, netlinkAddress(0), 12) < 0) {
      throw libc.systemError("SYSTEM", "cannot ask for this host's addresses");
    }
    const addresses: Address[] = [];
    const buffer = new Uint8Array(32768);
    for (;;) {
      const length = libc.recv(fd, buffer, buffer.length, 0);
      if (length < 0) throw libc.systemError("SYSTEM", "cannot read this host's addresses");
      if (!readAddresses(new DataView(buffer.buffer, 0, length), addresses)) return addresses;
    }
  } finally {
    libc.close(fd);
  }
}

/** Appends the addresses of one datagram. False once the dump is complete. Throws SYSTEM if it was refused. */
function readAddresses(data: DataView, addresses: Address[]): boolean {
  let at = 0;
  while (at + NLMSG_HEADER <= data.byteLength) {
    const length = data.getUint32(at, littleEndian);
    const type = data.getUint16(at + 4, littleEndian);
    if (type === NLMSG_ERROR) {
      const errno = -data.getInt32(at + NLMSG_HEADER, littleEndian);
      throw libc.systemError("SYSTEM", "cannot read this host's addresses", errno);
    }
    if (type === NLMSG_DONE || length < NLMSG_HEADER) return false;
    if (type === RTM_NEWADDR) {
      const address = messageAddress(data, at + NLMSG_HEADER, at + length);
      if (address !== undefined) addresses.push(address);
    }
    at += (length + 3) & ~3;
  }
  return true;
}

/** On point-to-point links IFA_ADDRESS is the peer and IFA_LOCAL our own end. */
function messageAddress(data: DataView, start: number, end: number): Address | undefined {
  const family = data.getUint8(start);
  let address: Address | undefined;
  for (let at = start + IFADDRMSG; at + 4 <= end; ) {
    const length = data.getUint16(at, littleEndian);
    const type = data.getUint16(at + 2, littleEndian);
    if (length < 4) break;
    if (type === IFA_LOCAL || (type === IFA_ADDRESS && address === undefined)) {
      address = readAddress(data, at + 4, family) ?? address;
    }
    at += (length + 3) & ~3;
  }
  return address;
}

function readAddress(data: DataView, at: number, family: number): Address | undefined {
  if (family === AF_INET) return Address.v4(data.getUint32(at, false));
  if (family !== AF_INET6) return undefined;
  const word = (i: number) => data.getUint32(at + i * 4, false);
  return new Address(word(0), word(1), word(2), word(3));
}

/**
 * Calls `task` after interfaces or addresses changed: came, went, up, down. The returned function
 * stops it. Throws SYSTEM.
 */
export function watchNetwork(task: () => void): () => void {
  const groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  const fd = openNetlink(SOCK_NONBLOCK, groups);
  const buffer = new Uint8Array(32768);
  const stop = whenReadable(fd, () => {
    // What is said does not matter, nor that something was lost (ENOBUFS): everything is read anew.
    while (libc.recv(fd, buffer, buffer.length, 0) >= 0 || libc.errno() !== EAGAIN);
    task();
  });
  return () => {
    stop();
    libc.close(fd);
  };
}

function openNetlink(flags: number, groups: number): number {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) throw libc.systemError("SYSTEM", "cannot open a netlink socket");
  if (libc.bind(fd, netlinkAddress(groups), 12) !== 0) {
    const error = libc.systemError("SYSTEM", "cannot bind a netlink socket");
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** struct sockaddr_nl { family, pad, pid = 0 (the kernel), groups } */
function netlinkAddress(groups: number): Uint8Array {
  const address = new Uint8Array(12);
  const fields = new DataView(address.buffer);
  fields.setUint16(0, AF_NETLINK, littleEndian);
  fields.setUint32(8, groups, littleEndian);
  return address;
}

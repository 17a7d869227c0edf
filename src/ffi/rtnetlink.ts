// rtnetlink(7): which addresses this host has, and word of changes to interfaces and addresses.
import { endianness } from "node:os";
import type { Network } from "../base/address.ts";
import { Address } from "../base/address.ts";
import { systemError } from "./libc.ts";
import type { NetlinkMessage } from "./netlink-messages.ts";
import { findAttribute, MessageWriter, readError, readMessages } from "./netlink-messages.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { whenReadable } from "./readable.ts";

const AF_INET = 2;
const AF_INET6 = 10;
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
const IFA_BROADCAST = 4;
const IFADDRMSG = 8;
/** Where it has the index of the interface. */
const IFA_INDEX = 4;
const littleEndian = endianness() === "LE";
const EAGAIN = 11;

/** An address of an interface. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly interfaceIndex: number;
  /** What the interface reaches directly; on a point-to-point link that of the peer. */
  readonly network: Network;
  /** The broadcast address, if one was set. */
  readonly broadcast: Address | undefined;
}

/** Every address of every interface of this host's network namespace, up or down. Throws SYSTEM. */
export function hostAddresses(): InterfaceAddress[] {
  const request = new MessageWriter();
  // struct ifaddrmsg, all zero: any family
  request.begin(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 0, new Uint8Array(IFADDRMSG));
  request.end();
  const socket = new NetlinkSocket("route");
  try {
    socket.send(request.written());
    const addresses: InterfaceAddress[] = [];
    for (;;) {
      // The kernel prepares the next part of a dump while this one is read: there is always one.
      const data = socket.receive();
      if (typeof data === "number") throw unreadable(data);
      for (const message of readMessages(data)) {
        if (message.type === NLMSG_ERROR) throw unreadable(readError(message));
        if (message.type === NLMSG_DONE) return addresses;
        const address = message.type === RTM_NEWADDR ? messageAddress(message) : undefined;
        if (address !== undefined) addresses.push(address);
      }
    }
  } finally {
    socket.close();
  }
}

function unreadable(errno: number): Error {
  return systemError("SYSTEM", "cannot read this host's addresses", errno);
}

/** On point-to-point links IFA_ADDRESS is the peer and IFA_LOCAL our own end. */
function messageAddress({ body }: NetlinkMessage): InterfaceAddress | undefined {
  if (body.byteLength < IFADDRMSG) return undefined;
  const read = (attribute: number) => readAddress(body, attribute);
  const far = read(IFA_ADDRESS);
  const address = read(IFA_LOCAL) ?? far;
  if (address === undefined) return undefined;
  const bits = body.getUint8(1) + (address.family === 4 ? 96 : 0);
  const network = { base: far ?? address, bits };
  const interfaceIndex = body.getUint32(IFA_INDEX, littleEndian);
  return { address, interfaceIndex, network, broadcast: read(IFA_BROADCAST) };
}

function readAddress(body: DataView, attribute: number): Address | undefined {
  const value = findAttribute(body, attribute, IFADDRMSG);
  const word = (i: number) => value?.getUint32(i * 4, false) ?? 0;
  const family = body.getUint8(0);
  if (family === AF_INET && value?.byteLength === 4) return Address.v4(word(0));
  if (family !== AF_INET6 || value?.byteLength !== 16) return undefined;
  return new Address(word(0), word(1), word(2), word(3));
}

/**
 * Calls `task` after interfaces or addresses changed: came, went, up, down. The returned function
 * stops it. Throws SYSTEM.
 */
export function watchNetwork(task: () => void): () => void {
  const socket = new NetlinkSocket("route", RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  const stop = whenReadable(socket.fd, () => {
    // The content does not matter, nor do lost messages (ENOBUFS): the caller reads the whole state again.
    while (socket.receive() !== EAGAIN);
    task();
  });
  return () => {
    stop();
    socket.close();
  };
}

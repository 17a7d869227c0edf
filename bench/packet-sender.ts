import { endianness } from "node:os";
import koffi from "koffi";
import * as libc from "../src/ffi/libc.ts";
import { interfaceIndex } from "../src/ffi/packet-socket.ts";
import { Datagram, datagramLength } from "./datagram.ts";
import type { LinkEnds } from "./ipv4-header.ts";
import { Syn, synLength } from "./syn.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const littleEndian = endianness() === "LE";

/** struct mmsghdr and struct iovec (sys/socket.h) on systems with pointers of eight bytes. */
const headerLength = 64;
const vectorLength = 16;

const sendmmsg: (fd: number, headers: Uint8Array, count: number, flags: number) => number = koffi
  .load("libc.so.6")
  .func("int sendmmsg(int, void *, unsigned int, int)");

/** A packet socket for whole Ethernet frames, bound to an interface of this thread's network namespace. */
export function openRawSocket(name: string, protocol: number): number {
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw libc.systemError("SYSTEM", "cannot open a raw socket");
  // struct sockaddr_ll (linux/if_packet.h): family, protocol (network order), interface index
  const address = new Uint8Array(20);
  const fields = new DataView(address.buffer);
  fields.setUint16(0, AF_PACKET, littleEndian);
  fields.setUint16(2, protocol, false);
  fields.setInt32(4, interfaceIndex(fd, name) ?? 0, littleEndian);
  if (libc.bind(fd, address, address.length) !== 0) {
    throw libc.systemError("SYSTEM", `cannot use ${name}`);
  }
  return fd;
}

/** How the frames of a sender are made. */
export interface FrameKind<Packet> {
  /** Bytes of each frame. */
  readonly length: number;
  /** Makes what fills a frame. */
  readonly make: (frame: Uint8Array<ArrayBuffer>) => Packet;
}

/** SYNs to one destination, an IPv4 address as a number. */
export function synKind(ends: LinkEnds, destination: number): FrameKind<Syn> {
  return { length: synLength, make: (frame) => new Syn(ends, destination, frame) };
}

/** Datagrams to one destination with payloads of so many bytes. */
export function datagramKind(
  ends: LinkEnds,
  destination: number,
  payloadLength: number,
): FrameKind<Datagram> {
  const length = datagramLength(payloadLength);
  return { length, make: (frame) => new Datagram(ends, destination, frame) };
}

/** Sends packets of one kind by an interface, many in one system call. It receives nothing. */
export class PacketSender<Packet> {
  readonly #fd: number;
  readonly #headers: Uint8Array;
  /** Held for the kernel, which knows them by their addresses. */
  readonly #memory: readonly Uint8Array[];
  /** To be filled before `send`. */
  readonly packets: readonly Packet[];

  /** `most`: how many can be sent at once. */
  constructor(name: string, { length, make }: FrameKind<Packet>, most: number) {
    if (process.arch === "ia32" || process.arch === "arm") throw new Error("needs 64 bits");
    this.#fd = openRawSocket(name, 0);
    libc.setsockopt(this.#fd, SOL_PACKET, PACKET_QDISC_BYPASS, Uint8Array.of(1, 0, 0, 0), 4);
    const frames = new Uint8Array(most * length);
    const vectors = new Uint8Array(most * vectorLength);
    this.#headers = new Uint8Array(most * headerLength);
    this.#memory = [frames, vectors];
    const vectorFields = new DataView(vectors.buffer);
    const headerFields = new DataView(this.#headers.buffer);
    this.packets = Array.from({ length: most }, (_, i) => {
      const start = BigInt(i * length);
      vectorFields.setBigUint64(i * vectorLength, libc.addressOf(frames) + start, littleEndian);
      vectorFields.setBigUint64(i * vectorLength + 8, BigInt(length), littleEndian);
      // msg_iov and msg_iovlen; all other fields stay 0: the socket knows where to.
      const vector = libc.addressOf(vectors) + BigInt(i * vectorLength);
      headerFields.setBigUint64(i * headerLength + 16, vector, littleEndian);
      headerFields.setBigUint64(i * headerLength + 24, 1n, littleEndian);
      return make(frames.subarray(i * length, (i + 1) * length));
    });
  }

  /** Sends the first `count` of `packets`; fewer if the interface takes no more now: how many. */
  send(count: number): number {
    const sent = sendmmsg(this.#fd, this.#headers, count, 0);
    // ENOBUFS and EAGAIN: what is not sent is counted by the caller.
    return Math.max(0, sent);
  }

  close(): void {
    if (this.#memory.length > 0) libc.close(this.#fd);
  }
}

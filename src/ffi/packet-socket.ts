// linux/if_packet.h: a socket for whole packets, with a receive ring that is shared with the kernel.
import { endianness } from "node:os";
import * as libc from "./libc.ts";

const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_COPY_THRESH = 7;
const PACKET_VERSION = 10;
const PACKET_IGNORE_OUTGOING = 23;
const TPACKET_V2 = 1;
const MSG_DONTWAIT = 0x40;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;
const SIOCGIFNAME = 0x8910;
const SIOCGIFINDEX = 0x8933;
const IFNAMSIZ = 16;
const ENODEV = 19;

/** One instruction of a classic BPF program (linux/filter.h, struct sock_filter). */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export interface RingSize {
  /** Bytes a frame, the kernel's header of 80 bytes included; a multiple of 16. */
  readonly frame: number;
  /** Bytes a block; a multiple of the page size, which may be 64 KiB. What no whole frame fits in is unused. */
  readonly block: number;
  readonly blocks: number;
  /** Of a packet with IPv6 extension headers, behind which a frame may not hold the ports, the kernel queues a copy. */
  readonly headersOnly?: true;
}

/** How many frames each block of a ring has. */
export function framesPerBlock({ frame, block }: RingSize): number {
  return Math.floor(block / frame);
}

const littleEndian = endianness() === "LE";

/**
 * An AF_PACKET socket of type SOCK_DGRAM (data starts at the network header, whatever the link),
 * that receives nothing yet: attach a filter, then `start`. Throws CAPTURE.
 */
export function openPacketSocket(): number {
  // Protocol 0: no packet is queued before the filter is in place.
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw libc.systemError("CAPTURE", "cannot open a packet socket");
  try {
    setOption(fd, SOL_PACKET, PACKET_VERSION, libc.int32(TPACKET_V2), "set the ring's version");
    setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, libc.int32(1), "ignore outgoing packets");
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Makes the kernel drop what `program` returns 0 for. Replaces an earlier program at once. Throws CAPTURE. */
export function attachFilter(fd: number, program: readonly Instruction[]): void {
  const code = new Uint8Array(program.length * 8);
  const instructions = new DataView(code.buffer);
  program.forEach(({ code, jt, jf, k }, i) => {
    instructions.setUint16(i * 8, code, littleEndian);
    instructions.setUint8(i * 8 + 2, jt);
    instructions.setUint8(i * 8 + 3, jf);
    instructions.setUint32(i * 8 + 4, k, littleEndian);
  });
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const pointerSize = process.arch === "ia32" || process.arch === "arm" ? 4 : 8;
  const header = new Uint8Array(pointerSize * 2);
  const fields = new DataView(header.buffer);
  fields.setUint16(0, program.length, littleEndian);
  if (pointerSize === 8) fields.setBigUint64(8, libc.addressOf(code), littleEndian);
  else fields.setUint32(4, Number(libc.addressOf(code)), littleEndian);
  setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, header, "attach the packet filter");
}

/** Makes a TPACKET_V2 receive ring. Throws CAPTURE. */
export function makeRing(fd: number, size: RingSize): void {
  setOption(fd, SOL_PACKET, PACKET_RX_RING, ringRequest(size), "make a receive ring");
}

/** Does the same on a thread. Rejected with CAPTURE. */
export async function makeRingBeside(fd: number, size: RingSize): Promise<void> {
  const request = ringRequest(size);
  const status = await libc.setsockoptBeside(fd, SOL_PACKET, PACKET_RX_RING, request);
  // The errno is that of the thread.
  if (status !== 0) makeRing(fd, size);
}

/** struct tpacket_req: size and number of the blocks, then of the frames. */
function ringRequest(size: RingSize): Uint8Array {
  const frames = framesPerBlock(size) * size.blocks;
  return new Uint8Array(Uint32Array.of(size.block, size.blocks, size.frame, frames).buffer);
}

/** Maps the ring of a socket: its memory, and the function that gives it back. Throws CAPTURE. */
export function mapRing(fd: number, size: RingSize): { memory: ArrayBuffer; unmap: () => void } {
  const length = size.block * size.blocks;
  const address = libc.mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (BigInt.asUintN(64, address) === MAP_FAILED) {
    throw libc.systemError("CAPTURE", "cannot map the receive ring");
  }
  return { memory: libc.view(address, length), unmap: () => libc.munmap(address, length) };
}

/**
 * Makes the kernel queue a whole copy of each packet that its filter wants more of than a frame of the ring
 * holds: `takeCopy` takes it. Throws CAPTURE.
 */
export function copyLongPackets(fd: number): void {
  setOption(fd, SOL_PACKET, PACKET_COPY_THRESH, libc.int32(1), "have long packets copied");
}

/** Takes the oldest copy, as far as `buffer` holds it, and returns its length; 0 or less if there is none. */
export function takeCopy(fd: number, buffer: Uint8Array): number {
  return libc.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
}

/** Lets packets of all interfaces in. Throws CAPTURE. */
export function start(fd: number): void {
  // struct sockaddr_ll: family, protocol (network order), interface index 0 = all of them
  const address = new Uint8Array(20);
  const fields = new DataView(address.buffer);
  fields.setUint16(0, AF_PACKET, littleEndian);
  fields.setUint16(2, ETH_P_ALL, false);
  if (libc.bind(fd, address, address.length) !== 0) {
    throw libc.systemError("CAPTURE", "cannot listen on the packet socket");
  }
}

/**
 * The index of the interface of this name; undefined if there is none. Throws CAPTURE. Needs no
 * descriptor but the socket's own: if_nametoindex(3) opens one, and fails when there are none left.
 */
export function interfaceIndex(fd: number, name: string): number | undefined {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= IFNAMSIZ) return undefined;
  const request = new Uint8Array(40); // struct ifreq: name, then a union that begins with the index
  request.set(bytes);
  if (libc.ioctl(fd, SIOCGIFINDEX, request) === 0) {
    return new DataView(request.buffer).getInt32(IFNAMSIZ, littleEndian);
  }
  const errno = libc.errno();
  if (errno === ENODEV) return undefined;
  throw libc.systemError("CAPTURE", `cannot look up interface ${name}`, errno);
}

/** Returns the name of the interface of this index, never an alternative one; `undefined` if there is none. Throws CAPTURE. */
export function interfaceName(fd: number, index: number): string | undefined {
  const request = new Uint8Array(40);
  new DataView(request.buffer).setInt32(IFNAMSIZ, index, littleEndian);
  if (libc.ioctl(fd, SIOCGIFNAME, request) === 0) {
    return new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
  }
  const errno = libc.errno();
  if (errno === ENODEV) return undefined;
  throw libc.systemError("CAPTURE", `cannot look up interface ${index}`, errno);
}

/** Gives the socket back. Unmap its ring first. */
export function closePacketSocket(fd: number): void {
  libc.close(fd);
}

/** Packets since the last call: those that passed the filter, and how many of them found the ring full. */
export function statistics(fd: number): { readonly received: number; readonly dropped: number } {
  const value = new Uint32Array(2);
  const length = libc.int32(8);
  const bytes = new Uint8Array(value.buffer);
  if (libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, bytes, length) !== 0) {
    throw libc.systemError("CAPTURE", "cannot read the packet statistics");
  }
  return { received: value[0] ?? 0, dropped: value[1] ?? 0 };
}

function setOption(fd: number, level: number, option: number, value: Uint8Array, what: string) {
  if (libc.setsockopt(fd, level, option, value, value.length) !== 0) {
    throw libc.systemError("CAPTURE", `cannot ${what}`);
  }
}

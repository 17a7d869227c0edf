import koffi from "koffi";
import * as libc from "../src/ffi/libc.ts";
import type { Instruction } from "../src/ffi/packet-socket.ts";
import { attachFilter } from "../src/ffi/packet-socket.ts";
import { openRawSocket } from "./packet-sender.ts";
import { milliseconds } from "./timing.ts";

const ETH_P_ALL = 3;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const SIOCGSTAMPNS = 0x8907;

const ioctl: (fd: number, request: number, time: BigInt64Array) => number = koffi
  .load("libc.so.6")
  .func("int ioctl(int, unsigned long, void *)");

/** What is to be known of a TCP packet on the wire. */
export interface TappedPacket {
  /** Addresses as numbers. */
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly port: number;
  readonly flags: number;
  readonly acknowledged: number;
  /** When the kernel sent or received it: the date in milliseconds. */
  readonly time: number;
}

/**
 * Listens to the TCP packets from and to the clients of one network of 16 bits, both ways. The kernel
 * passes over all others, so that a flood costs next to nothing.
 */
export class Wiretap {
  readonly #fd: number;
  readonly #bytes = new Uint8Array(128);
  readonly #fields = new DataView(this.#bytes.buffer);
  readonly #time = new BigInt64Array(2);

  /** `network`: its first address as a number. In this thread's network namespace. */
  constructor(name: string, network: number) {
    this.#fd = openRawSocket(name, ETH_P_ALL);
    attachFilter(this.#fd, clientsOf(network));
    while (this.next() !== undefined); // What came before the filter.
  }

  /** The next packet; undefined if there is none now. */
  next(): TappedPacket | undefined {
    for (;;) {
      const length = libc.recv(this.#fd, this.#bytes, this.#bytes.length, MSG_DONTWAIT | MSG_TRUNC);
      if (length < 0) return undefined;
      const fields = this.#fields;
      if (length < 54 || fields.getUint16(12) !== 0x0800 || fields.getUint8(23) !== 6) continue;
      ioctl(this.#fd, SIOCGSTAMPNS, this.#time);
      const segment = 14 + (fields.getUint8(14) & 15) * 4;
      return {
        source: fields.getUint32(26),
        destination: fields.getUint32(30),
        sourcePort: fields.getUint16(segment),
        port: fields.getUint16(segment + 2),
        acknowledged: fields.getUint32(segment + 8),
        flags: fields.getUint8(segment + 13),
        time: milliseconds(this.#time),
      };
    }
  }

  close(): void {
    libc.close(this.#fd);
  }
}

/** Classic BPF: the source or the destination of an IPv4 packet lies in this network of 16 bits. */
function clientsOf(network: number): Instruction[] {
  const load = (k: number) => ({ code: 0x20, jt: 0, jf: 0, k });
  const mask = { code: 0x54, jt: 0, jf: 0, k: 0xffff0000 };
  const equals = (k: number, jt: number, jf: number) => ({ code: 0x15, jt, jf, k });
  const end = (k: number) => ({ code: 0x06, jt: 0, jf: 0, k });
  return [
    { code: 0x28, jt: 0, jf: 0, k: 12 },
    equals(0x0800, 0, 7),
    load(26),
    mask,
    equals(network, 3, 0),
    load(30),
    mask,
    equals(network, 0, 1),
    end(0xffff),
    end(0),
  ];
}

import { endianness } from "node:os";
import { monotonic } from "../base/time.ts";
import { framesPerBlock, mapRing, takeCopy } from "../ffi/packet-socket.ts";
import type { RingSocket } from "./ring-socket.ts";
import type { Frame } from "./source.ts";

// struct tpacket2_hdr (linux/if_packet.h): status, len, snaplen, mac, net, sec, nsec, VLAN tag and type,
// padding; then struct sockaddr_ll, whose third field is the interface index.
const STATUS = 0;
const WIRE_LENGTH = 4;
const CAPTURED_LENGTH = 8;
const NETWORK_OFFSET = 14;
const SECONDS = 16;
const NANOSECONDS = 20;
const INTERFACE_INDEX = 32 + 4;
/** include/net/flow.h: the same in every network namespace. */
const LOOPBACK_IFINDEX = 1;
const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;
const TP_STATUS_COPY = 2;

/** Bytes of a copy that are read: far more headers than occur. */
const mostCopied = 512;

const littleEndian = endianness() === "LE";

/** A frame that is filled again and again. */
export type ReusedFrame = { -readonly [Field in keyof Frame]: Frame[Field] };

/** The frames of a ring, one after the other. Each is the kernel's, or waits to be read. */
export class RingFrames {
  readonly #socket: RingSocket;
  readonly #data: DataView;
  readonly #words: Int32Array;
  readonly #unmap: () => void;
  readonly #framesPerBlock: number;
  readonly #copy = new Uint8Array(mostCopied);
  readonly #copied = new DataView(this.#copy.buffer);
  /** Of the next frame: its block, its number there, and where it begins. */
  #block = 0;
  #frame = 0;
  #at = 0;

  /** Throws CAPTURE. */
  constructor(socket: RingSocket) {
    this.#socket = socket;
    const { memory, unmap } = mapRing(socket.fd, socket.size);
    this.#unmap = unmap;
    this.#data = new DataView(memory);
    this.#words = new Int32Array(memory);
    this.#framesPerBlock = framesPerBlock(socket.size);
  }

  /** A frame to be read into. */
  newFrame(): ReusedFrame {
    return {
      ...{ data: this.#data, start: 0, length: 0, wireLength: 0, time: monotonic(0) },
      ...{ interfaceIndex: 0, isLoopback: false },
    };
  }

  /** Whether the next frame waits to be read. */
  get isReady(): boolean {
    return (Atomics.load(this.#words, (this.#at + STATUS) >> 2) & TP_STATUS_USER) !== 0;
  }

  /** Reads the next frame, but for its time. Returns the date of its arrival: milliseconds. */
  read(frame: ReusedFrame): number {
    const data = this.#data;
    const at = this.#at;
    frame.data = data;
    frame.start = at + data.getUint16(at + NETWORK_OFFSET, littleEndian);
    frame.length = data.getUint32(at + CAPTURED_LENGTH, littleEndian);
    frame.wireLength = data.getUint32(at + WIRE_LENGTH, littleEndian);
    frame.interfaceIndex = data.getInt32(at + INTERFACE_INDEX, littleEndian);
    frame.isLoopback = frame.interfaceIndex === LOOPBACK_IFINDEX;
    if ((data.getUint32(at + STATUS, littleEndian) & TP_STATUS_COPY) !== 0) this.#readCopy(frame);
    const seconds = data.getUint32(at + SECONDS, littleEndian);
    return seconds * 1000 + data.getUint32(at + NANOSECONDS, littleEndian) / 1e6;
  }

  /** Gives the frame that was read back to the kernel. */
  release(): void {
    Atomics.store(this.#words, (this.#at + STATUS) >> 2, TP_STATUS_KERNEL);
    const { frame, block, blocks } = this.#socket.size;
    this.#at += frame;
    if (++this.#frame < this.#framesPerBlock) return;
    this.#frame = 0;
    this.#block = this.#block + 1 === blocks ? 0 : this.#block + 1;
    this.#at = this.#block * block;
  }

  /** The memory must not be used afterwards. */
  close(): void {
    this.#unmap();
  }

  /** There is one copy for each frame that says so, in their order. */
  #readCopy(frame: ReusedFrame): void {
    const length = takeCopy(this.#socket.fd, this.#copy);
    if (length <= frame.length) return;
    frame.data = this.#copied;
    frame.start = 0;
    frame.length = length;
  }
}

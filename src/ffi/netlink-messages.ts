// netlink(7) messages as bytes: headers and attributes, written and read. Pure. Headers and lengths are
// in the machine's byte order, what netfilter's attributes hold in the network's.
import { endianness } from "node:os";

/** struct nlmsghdr { u32 len, u16 type, u16 flags, u32 sequence, u32 port } */
const headerLength = 16;
/** struct nlattr { u16 len, u16 type } */
const attributeHeader = 4;
/** The type's two upper bits: NLA_F_NESTED, and NLA_F_NET_BYTEORDER, which is unused. */
const nestedFlag = 0x8000;
const typeMask = 0x3fff;

const littleEndian = endianness() === "LE";

/** One message that was received. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The port of the socket whose request this answers, or tells of; 0: the kernel's own. */
  readonly port: number;
  /** What follows the header. */
  readonly body: DataView;
}

/** Writes messages one behind the other, into memory that grows. */
export class MessageWriter {
  #bytes = new Uint8Array(512);
  #data = new DataView(this.#bytes.buffer);
  #length = 0;
  #message = 0;

  /** Begins a message with a fixed part (of a length divisible by 4) behind its header. */
  begin(type: number, flags: number, sequence: number, fixed: Uint8Array): void {
    this.#message = this.#reserve(headerLength + fixed.length);
    this.#data.setUint16(this.#message + 4, type, littleEndian);
    this.#data.setUint16(this.#message + 6, flags, littleEndian);
    this.#data.setUint32(this.#message + 8, sequence, littleEndian);
    this.#bytes.set(fixed, this.#message + headerLength);
  }

  /** Ends the message that was begun last. */
  end(): void {
    this.#data.setUint32(this.#message, this.#length - this.#message, littleEndian);
  }

  /** An attribute of plain bytes. */
  bytes(type: number, value: Uint8Array): void {
    const at = this.#attribute(type, value.length);
    this.#bytes.set(value, at);
  }

  /** A text of ASCII characters, with the NUL that C wants. */
  text(type: number, value: string): void {
    const at = this.#attribute(type, value.length + 1);
    for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value.charCodeAt(i);
  }

  u64(type: number, value: number): void {
    const at = this.#attribute(type, 8); // first: it may move the memory
    this.#data.setBigUint64(at, BigInt(value), false);
  }

  /** An attribute made of those that `fill` writes: at most 65,535 bytes, which the caller sees to. */
  nest(type: number, fill: () => void): void {
    const start = this.#attribute(type | nestedFlag, 0) - attributeHeader;
    fill();
    this.#data.setUint16(start, this.#length - start, littleEndian);
  }

  /** All messages so far. Valid until more is written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #attribute(type: number, length: number): number {
    const at = this.#reserve(attributeHeader + length);
    this.#data.setUint16(at, attributeHeader + length, littleEndian);
    this.#data.setUint16(at + 2, type, littleEndian);
    return at + attributeHeader;
  }

  /** Zeroed room for `length` bytes and the padding to a multiple of four. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length = aligned(at + length);
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#data = new DataView(larger.buffer);
    }
    return at;
  }
}

/** The messages of one datagram; what is cut off at its end is left out. */
export function readMessages(data: DataView): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + headerLength <= data.byteLength; ) {
    const length = data.getUint32(at, littleEndian);
    if (length < headerLength || at + length > data.byteLength) break;
    messages.push({
      type: data.getUint16(at + 4, littleEndian),
      flags: data.getUint16(at + 6, littleEndian),
      sequence: data.getUint32(at + 8, littleEndian),
      port: data.getUint32(at + 12, littleEndian),
      body: part(data, at + headerLength, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** Calls `task` with each attribute in `data` from `start` on, in order, until it returns false. */
function eachAttribute(
  data: DataView,
  start: number,
  task: (type: number, from: number, to: number) => boolean,
): void {
  for (let at = start; at + attributeHeader <= data.byteLength; ) {
    const length = data.getUint16(at, littleEndian);
    if (length < attributeHeader || at + length > data.byteLength) return;
    const type = data.getUint16(at + 2, littleEndian) & typeMask;
    if (!task(type, at + attributeHeader, at + length)) return;
    at += aligned(length);
  }
}

/** The values of all attributes in `data`, in order. */
export function readAttributes(data: DataView): DataView[] {
  const values: DataView[] = [];
  eachAttribute(data, 0, (_, from, to) => values.push(part(data, from, to)) > 0);
  return values;
}

/** The first attribute of this type in `data` from `start` on. */
export function findAttribute(data: DataView, type: number, start = 0): DataView | undefined {
  let value: DataView | undefined;
  eachAttribute(data, start, (other, from, to) => {
    if (other === type) value = part(data, from, to);
    return value === undefined;
  });
  return value;
}

/** A text up to its NUL, if there is one. ASCII. */
export function readText(value: DataView): string {
  let text = "";
  for (let i = 0; i < value.byteLength && value.getUint8(i) !== 0; i++) {
    text += String.fromCharCode(value.getUint8(i));
  }
  return text;
}

/** The errno of an NLMSG_ERROR (a positive number), or 0 where it acknowledges. */
export function readError(message: NetlinkMessage): number {
  return message.body.byteLength < 4 ? 0 : Math.abs(message.body.getInt32(0, littleEndian));
}

function part(data: DataView, start: number, end: number): DataView {
  return new DataView(data.buffer, data.byteOffset + start, end - start);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

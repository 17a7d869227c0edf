/** Bytes of the frame of a SYN: Ethernet, IPv4, and TCP with one option. */
export const synLength = 14 + 20 + 24;

/** Who sends to whom by Ethernet: six bytes each. */
export interface LinkEnds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/**
 * The Ethernet frame of a SYN to one destination, whose other fields can be changed at next to no cost:
 * the checksums (RFC 1071) of what stays are added up once.
 */
export class Syn {
  readonly frame: Uint8Array;
  readonly #fields: DataView;
  readonly #headerSum: number;
  readonly #segmentSum: number;

  /** Lies in `frame`, which has `synLength` bytes. `destination`: an IPv4 address as a number. */
  constructor(ends: LinkEnds, destination: number, frame = new Uint8Array(synLength)) {
    this.frame = frame;
    frame.set(ends.to, 0);
    frame.set(ends.from, 6);
    const fields = new DataView(frame.buffer, frame.byteOffset, synLength);
    this.#fields = fields;
    fields.setUint16(12, 0x0800);
    fields.setUint16(14, 0x4500);
    fields.setUint16(16, 44);
    fields.setUint16(20, 0x4000); // Do not fragment
    fields.setUint16(22, 0x4006); // 64 hops, TCP
    fields.setUint32(30, destination);
    fields.setUint16(46, 0x6002); // Six words of header, SYN
    fields.setUint16(48, 64240);
    // The option that every system sends: maximum segment size (RFC 9293 §3.2), 1460.
    fields.setUint32(54, 0x020405b4);
    this.#headerSum = words(fields, 14, 34);
    // The pseudo header (RFC 9293 §3.1): the addresses, the protocol, the length.
    this.#segmentSum =
      words(fields, 34, 58) + (destination >>> 16) + (destination & 0xffff) + 6 + 24;
  }

  /** The sender's address (as a number) and port, the port it goes to, and its sequence number. */
  set(source: number, sourcePort: number, port: number, sequence: number): void {
    const fields = this.#fields;
    const sourceSum = (source >>> 16) + (source & 0xffff);
    fields.setUint32(26, source);
    fields.setUint16(24, folded(this.#headerSum + sourceSum));
    fields.setUint16(34, sourcePort);
    fields.setUint16(36, port);
    fields.setUint32(38, sequence);
    const numbers = sourcePort + port + (sequence >>> 16) + (sequence & 0xffff);
    fields.setUint16(50, folded(this.#segmentSum + sourceSum + numbers));
  }
}

/** The number that an IPv4 address is. */
export function addressNumber(text: string): number {
  return text.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
}

/** The IPv4 address that a number is. */
export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

function words(fields: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += fields.getUint16(at);
  return sum;
}

function folded(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}

import type { LinkEnds } from "./ipv4-header.ts";
import { foldSum, headersLength, Ipv4Header, sumWords } from "./ipv4-header.ts";

/** Bytes of a TCP header with one option. */
const segmentLength = 24;

/** Bytes of the frame of a SYN. */
export const synLength: number = headersLength + segmentLength;

/**
 * The Ethernet frame of a SYN to one destination, whose other fields can be changed at next to no cost:
 * the checksums (RFC 1071) of what stays are added up once.
 */
export class Syn {
  readonly frame: Uint8Array;
  readonly #header: Ipv4Header;
  readonly #fields: DataView;
  readonly #segmentSum: number;

  /** Lies in `frame`, which has `synLength` bytes. `destination`: an IPv4 address as a number. */
  constructor(ends: LinkEnds, destination: number, frame = new Uint8Array(synLength)) {
    this.frame = frame;
    const header = { protocol: 6, payloadLength: segmentLength, destination };
    this.#header = new Ipv4Header(frame, ends, header);
    const fields = new DataView(frame.buffer, frame.byteOffset, synLength);
    this.#fields = fields;
    fields.setUint16(46, 0x6002); // Six words of header, SYN
    fields.setUint16(48, 64240);
    // The option that every system sends: maximum segment size (RFC 9293 §3.2), 1460.
    fields.setUint32(54, 0x020405b4);
    // The pseudo header (RFC 9293 §3.1): the addresses, the protocol, the length.
    this.#segmentSum =
      sumWords(fields, headersLength, synLength) +
      (destination >>> 16) +
      (destination & 0xffff) +
      header.protocol +
      segmentLength;
  }

  /** The sender's address (as a number) and port, the port it goes to, and its sequence number. */
  set(source: number, sourcePort: number, port: number, sequence: number): void {
    const fields = this.#fields;
    this.#header.setSource(source);
    fields.setUint16(34, sourcePort);
    fields.setUint16(36, port);
    fields.setUint32(38, sequence);
    const sourceSum = (source >>> 16) + (source & 0xffff);
    const numbers = sourcePort + port + (sequence >>> 16) + (sequence & 0xffff);
    fields.setUint16(50, foldSum(this.#segmentSum + sourceSum + numbers));
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

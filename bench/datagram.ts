import type { LinkEnds } from "./ipv4-header.ts";
import { headersLength, Ipv4Header } from "./ipv4-header.ts";

const payloadStart = headersLength + 8;

/** The length of a frame with a payload of so many bytes. */
export function datagramLength(payloadLength: number): number {
  return payloadStart + payloadLength;
}

/** The Ethernet frame of a UDP datagram to one destination, without a checksum of its payload (RFC 768). */
export class Datagram {
  readonly frame: Uint8Array;
  readonly #header: Ipv4Header;
  readonly #fields: DataView;

  /** Fills the whole of `frame`. `destination`: an IPv4 address as a number. */
  constructor(ends: LinkEnds, destination: number, frame: Uint8Array) {
    this.frame = frame;
    const payloadLength = frame.length - headersLength;
    this.#header = new Ipv4Header(frame, ends, { protocol: 17, payloadLength, destination });
    this.#fields = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#fields.setUint16(headersLength + 4, payloadLength);
  }

  /** The sender's address (as a number) and port, the port it goes to, and as many bytes as the frame has room for. */
  set(source: number, sourcePort: number, port: number, payload: Uint8Array): void {
    this.#header.setSource(source);
    this.#fields.setUint16(headersLength, sourcePort);
    this.#fields.setUint16(headersLength + 2, port);
    this.frame.set(payload, payloadStart);
  }
}

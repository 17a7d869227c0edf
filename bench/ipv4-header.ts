/** Bytes before the payload of IPv4: Ethernet, and the header without options. */
export const headersLength = 14 + 20;

/** Who sends to whom by Ethernet: six bytes each. */
export interface LinkEnds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** What all packets of a header have in common. */
export interface HeaderFields {
  readonly protocol: number;
  /** Bytes behind the header. */
  readonly payloadLength: number;
  /** An IPv4 address as a number. */
  readonly destination: number;
}

/** The headers of Ethernet and IPv4 at the begin of a frame, whose source can be changed at next to no cost. */
export class Ipv4Header {
  readonly #fields: DataView;
  readonly #sum: number;

  constructor(
    frame: Uint8Array,
    ends: LinkEnds,
    { protocol, payloadLength, destination }: HeaderFields,
  ) {
    frame.set(ends.to, 0);
    frame.set(ends.from, 6);
    const fields = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#fields = fields;
    fields.setUint16(12, 0x0800);
    fields.setUint16(14, 0x4500);
    fields.setUint16(16, 20 + payloadLength);
    fields.setUint16(20, 0x4000); // Do not fragment
    fields.setUint16(22, 0x4000 + protocol); // 64 hops
    fields.setUint32(30, destination);
    this.#sum = sumWords(fields, 14, headersLength);
  }

  setSource(source: number): void {
    this.#fields.setUint32(26, source);
    this.#fields.setUint16(24, foldSum(this.#sum + (source >>> 16) + (source & 0xffff)));
  }
}

/** Adds up 16-bit words, for a checksum of RFC 1071. */
export function sumWords(fields: DataView, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += fields.getUint16(at);
  return sum;
}

/** Returns the checksum of a sum of words. */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}

import type { Address } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";
import type { Monotonic } from "../base/time.ts";

/** The relevant fields of a TCP or UDP packet. */
export interface Packet {
  /** When it arrived. */
  readonly time: Monotonic;
  /** The index of the receiving interface; 0 if unknown. */
  readonly interfaceIndex: number;
  /** Its length from the IP header on, in bytes. */
  readonly length: number;
  readonly protocol: Protocol;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly port: number;
  /** TCP: the eight flag bits CWR to FIN (RFC 9293 §3.1); UDP: 0. */
  readonly flags: number;
  /**
   * Whether the sender's system may retransmit it: TCP with options. Tools that make their own packets omit
   * options, and often use one sequence number for all of them.
   */
  readonly mayRepeat: boolean;
  /** TCP: the sequence number. UDP: length and checksum, which differ if the data differs. */
  readonly fingerprint: number;
  /** UDP: where the payload begins in the frame's data; TCP: 0. */
  readonly payloadStart: number;
  /** UDP: the length of the payload if all of it was captured and none is in other fragments, else 0; TCP: 0. Bytes. */
  readonly payloadLength: number;
}

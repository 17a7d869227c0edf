import type { LinkReader } from "./link.ts";

/** When a packet was recorded, since 1970; in two parts, for one number would not hold nanoseconds. */
export interface Stamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A packet as a file holds it: bytes from the link's header on, valid until the next one is read. */
export interface SavedRecord {
  readonly data: DataView;
  readonly start: number;
  /** How many bytes were recorded. */
  readonly length: number;
  /** How many there were on the wire. */
  readonly wireLength: number;
  readonly link: LinkReader;
  /** Undefined: the file does not say. */
  readonly stamp: Stamp | undefined;
  /** Which of the file's interfaces, counted from 1; 0 if there is but one. */
  readonly interfaceIndex: number;
}

/** The longest packet that libpcap writes (MAXIMUM_SNAPLEN): what says more is damage. Bytes. */
export const longestPacket: number = 262_144;

/** How reading ended: at the end of the file (undefined), or in the middle of something. */
export type Ending = string | undefined;

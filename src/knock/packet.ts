// The layout of a knock packet of version 1, docs/knock-packet.md. Runs in Node and in browsers.
import type { Branded } from "../base/brand.ts";

/** The length of a packet, in bytes. */
export const packetLength = 144;

/** Where a part of the packet begins and ends. */
type Extent = readonly [start: number, end: number];

/** The parts of a packet. */
export const layout: Readonly<Record<"hint" | "nonce" | "ciphertext" | "tag", Extent>> = {
  hint: [0, 8],
  nonce: [8, 20],
  ciphertext: [20, 128],
  tag: [128, packetLength],
};

/** The length of the fields. A signature of 64 bytes follows them. */
export const fieldsLength = 44;

/** Slots of a minute: hints that one key has in it. */
export const slotsPerMinute = 4;

/** The time in a packet: microseconds since 1970, UTC. */
export type KnockTime = Branded<number, "KnockTime">;

/** Minutes since 1970, UTC. */
export type KnockMinute = Branded<number, "KnockMinute">;

/** The first 8 bytes of a digest of a door's name, as 16 hexadecimal digits. */
export type DoorId = Branded<string, "DoorId">;

/** Four 32-bit words, most significant first; `Address` is one. All zero: the source of the packet. */
interface AddressWords {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** What a packet asks for. */
export interface KnockRequest {
  readonly time: KnockTime;
  /** Seconds, 0 to 16,777,215. 0 means as long as the door says. */
  readonly seconds: number;
  /** IPv4 as `::ffff:a.b.c.d`. */
  readonly address: AddressWords;
  readonly door: DoorId;
}

/** The one kind of packet: open. */
const openKind = 1;
const microsecondsPerMinute = 60_000_000;
const two32 = 2 ** 32;

/** Makes a time of microseconds since 1970. */
export function knockTime(microseconds: number): KnockTime {
  return microseconds as KnockTime;
}

/** Makes a minute of minutes since 1970. */
export function knockMinute(minutes: number): KnockMinute {
  return minutes as KnockMinute;
}

export function minuteOf(time: KnockTime): KnockMinute {
  return knockMinute(Math.floor(time / microsecondsPerMinute));
}

/** Returns the 8 bytes of a number up to 2^53, big-endian. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / two32));
  view.setUint32(4, value % two32);
  return bytes;
}

/** Returns the 44 bytes of the fields. */
export function writeFields({ time, seconds, address, door }: KnockRequest): Uint8Array {
  const fields = new Uint8Array(fieldsLength);
  const view = new DataView(fields.buffer);
  fields.set(u64(time));
  view.setUint32(8, openKind * 2 ** 24 + seconds);
  view.setUint32(12, address.w0);
  view.setUint32(16, address.w1);
  view.setUint32(20, address.w2);
  view.setUint32(24, address.w3);
  view.setUint32(28, Number.parseInt(door.slice(0, 8), 16));
  view.setUint32(32, Number.parseInt(door.slice(8), 16));
  return fields;
}

/**
 * Reads 44 bytes of fields. Returns undefined if the kind is not "open" or a reserved byte is not
 * zero. Times above 2^53 are rounded: they are in no minute that has hints.
 */
export function readFields(fields: Uint8Array): KnockRequest | undefined {
  const view = new DataView(fields.buffer, fields.byteOffset, fieldsLength);
  const word = (at: number) => view.getUint32(at);
  if (word(8) >>> 24 !== openKind || word(36) !== 0 || word(40) !== 0) return undefined;
  const hex = (at: number) => word(at).toString(16).padStart(8, "0");
  return {
    time: knockTime(word(0) * two32 + word(4)),
    seconds: word(8) & 0xffffff,
    address: { w0: word(12), w1: word(16), w2: word(20), w3: word(24) },
    door: `${hex(28)}${hex(32)}` as DoorId,
  };
}

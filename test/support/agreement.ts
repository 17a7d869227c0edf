import type { Address } from "../../src/base/address.ts";
import { monotonic } from "../../src/base/time.ts";
import { decode } from "../../src/decode/decode.ts";
import type { Packet } from "../../src/decode/packet.ts";
import type { ReferencePacket } from "./reference.ts";
import { lengthOf, tell } from "./reference.ts";

/** What stands around a frame in memory must not matter: once it is this, once that. */
const surroundings = [0x00, 0xff, 0x06];

const margin = 64;

/**
 * Decodes the frame amid other bytes, and with other bytes behind the end that its IP header tells.
 * Throws if it is not read the same each time, or otherwise than by the slow reader.
 */
export function decodeAlike(frame: Uint8Array): Packet | undefined {
  const told = tell(frame);
  const packet = surroundings.map((filler) => decodeAmid(told, frame, filler, frame.length))[0];
  const length = lengthOf(frame);
  if (length < frame.length) decodeAmid(told, frame, 0x11, length);
  return packet;
}

/** Of the frame's bytes only the first `kept` are as they were. */
function decodeAmid(
  told: ReferencePacket | undefined,
  frame: Uint8Array,
  filler: number,
  kept: number,
): Packet | undefined {
  const memory = new Uint8Array(frame.length + 2 * margin).fill(filler);
  memory.set(kept < frame.length ? frame.subarray(0, kept) : frame, margin);
  const read = decode({
    data: new DataView(memory.buffer),
    start: margin,
    length: frame.length,
    wireLength: 65_535,
    time: monotonic(1),
    interfaceIndex: 2,
    isLoopback: false,
  });
  const { payloadStart = 0, payloadLength = 0 } = read ?? {};
  agree(told, read, memory.subarray(payloadStart, payloadStart + payloadLength));
  return read;
}

function agree(
  told: ReferencePacket | undefined,
  read: Packet | undefined,
  payload: Uint8Array,
): void {
  const isAlike =
    told === undefined || read === undefined
      ? told === read
      : read.time === 1 &&
        read.interfaceIndex === 2 &&
        read.length === 65_535 &&
        read.protocol === told.protocol &&
        read.sourcePort === told.sourcePort &&
        read.port === told.port &&
        read.flags === told.flags &&
        read.mayRepeat === told.mayRepeat &&
        read.fingerprint === told.fingerprint &&
        isSame(read.source, told.source) &&
        isSame(read.destination, told.destination) &&
        payload.length === told.data.length &&
        told.data.every((byte, i) => payload[i] === byte);
  if (isAlike) return;
  throw new Error(`read as ${JSON.stringify(read)}, it says ${JSON.stringify(told)}`);
}

function isSame(address: Address, bytes: readonly number[]): boolean {
  const { w0, w1, w2, w3 } = address;
  const words = address.family === 4 ? [w3] : [w0, w1, w2, w3];
  const written = words.flatMap((word) => [
    word >>> 24,
    (word >>> 16) & 255,
    (word >>> 8) & 255,
    word & 255,
  ]);
  return written.length === bytes.length && written.every((byte, i) => byte === bytes[i]);
}

import type { LinkReader } from "./link.ts";
import { linkReader } from "./link.ts";
import type { Stamp } from "./record.ts";

// draft-ietf-opsawg-pcapng §4.2 (Interface Description Block) and §3.5 (options)
const OPT_ENDOFOPT = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;

const nanosecondsPerSecond = 1_000_000_000n;

/** What an interface description says. */
export interface Interface {
  readonly linkType: number;
  /** Undefined: a link type that we cannot read. */
  readonly link: LinkReader | undefined;
  /** The most bytes recorded of a packet; 0: all. */
  readonly snapLength: number;
  /** How many units of its time stamps make a second. */
  readonly unitsPerSecond: bigint;
  /** What is to be added to its time stamps: seconds. */
  readonly secondsOffset: bigint;
}

/** The body of an interface description block, at least eight bytes from `start` to `end` of `data`. */
export function readInterface(
  data: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): Interface {
  const linkType = data.getUint16(start, littleEndian);
  const snapLength = data.getUint32(start + 4, littleEndian);
  let unitsPerSecond = 1_000_000n;
  let secondsOffset = 0n;
  let at = start + 8;
  while (at + 4 <= end) {
    const code = data.getUint16(at, littleEndian);
    const length = data.getUint16(at + 2, littleEndian);
    const value = at + 4;
    // What an option's length puts behind the block's end is not there to be read.
    if (code === OPT_ENDOFOPT || value + length > end) break;
    if (code === IF_TSRESOL && length === 1) unitsPerSecond = resolution(data.getUint8(value));
    if (code === IF_TSOFFSET && length === 8) secondsOffset = data.getBigInt64(value, littleEndian);
    at = value + Math.ceil(length / 4) * 4;
  }
  const link = linkReader(linkType);
  return { linkType, link, snapLength, unitsPerSecond, secondsOffset };
}

/** A power of ten, or with the highest bit of two. */
function resolution(exponent: number): bigint {
  return (exponent & 0x80 ? 2n : 10n) ** BigInt(exponent & 0x7f);
}

/** When a packet of this interface was recorded, of the two halves of its 64-bit time stamp. */
export function readStamp(from: Interface, high: number, low: number): Stamp {
  const { unitsPerSecond, secondsOffset } = from;
  const units = (BigInt(high) << 32n) | BigInt(low);
  const fraction = ((units % unitsPerSecond) * nanosecondsPerSecond) / unitsPerSecond;
  return {
    seconds: Number(units / unitsPerSecond + secondsOffset),
    nanoseconds: Number(fraction),
  };
}

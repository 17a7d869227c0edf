import type { FileWindow } from "./file-window.ts";
import { linkReader } from "./link.ts";
import type { Ending, SavedRecord } from "./record.ts";
import { longestPacket } from "./record.ts";

// draft-ietf-opsawg-pcap: a header of magic, version, two reserved words, snap length and link type;
// then records of seconds, their fraction, recorded length, length on the wire, and the bytes.
const headerLength = 24;
const recordHeaderLength = 16;

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

interface Flavour {
  readonly littleEndian: boolean;
  /** How many nanoseconds the fraction counts. */
  readonly fraction: number;
}

/** Which pcap a file is whose first four bytes, read big-endian, are `magic`; undefined: none. */
export function pcapFlavour(magic: number): Flavour | undefined {
  const fraction = (word: number) =>
    word === MICROSECONDS ? 1000 : word === NANOSECONDS ? 1 : undefined;
  const big = fraction(magic);
  if (big !== undefined) return { littleEndian: false, fraction: big };
  const little = fraction(swap(magic));
  return little === undefined ? undefined : { littleEndian: true, fraction: little };
}

function swap(word: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, word);
  return bytes.getUint32(0, true);
}

/** The packets of a pcap file, from its first byte on. Throws CAPTURE where it is damaged. */
export async function* readPcap(
  window: FileWindow,
  { littleEndian, fraction }: Flavour,
): AsyncGenerator<SavedRecord, Ending> {
  const { data } = window;
  const u32 = (offset: number) => data.getUint32(window.start + offset, littleEndian);
  if (!(await window.has(headerLength))) return "the file ends within its header";
  const major = data.getUint16(window.start + 4, littleEndian);
  const minor = data.getUint16(window.start + 6, littleEndian);
  if (major !== 2 || minor !== 4) {
    throw window.error(`pcap version ${major}.${minor} is not supported, only 2.4`);
  }
  // The upper half tells of checksums at the end of frames, which an IP header makes us leave out.
  const linkType = u32(20) & 0xffff;
  const link = linkReader(linkType);
  if (link === undefined) throw window.error(`link type ${linkType} is not supported`);
  await window.skip(headerLength);
  for (;;) {
    if (window.left < recordHeaderLength && !(await window.has(recordHeaderLength))) {
      return window.left === 0 ? undefined : "the file ends within a packet's header";
    }
    const length = u32(8);
    if (length > longestPacket) throw window.error(`a packet claims ${length} bytes`);
    const whole = recordHeaderLength + length;
    if (window.left < whole && !(await window.has(whole))) return "the file ends within a packet";
    const start = window.start + recordHeaderLength;
    const stamp = { seconds: u32(0), nanoseconds: u32(4) * fraction };
    yield { data, start, length, wireLength: u32(12), link, stamp, interfaceIndex: 0 };
    await window.skip(whole);
  }
}

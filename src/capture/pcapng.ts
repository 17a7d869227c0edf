import type { FileWindow } from "./file-window.ts";
import { longestPiece } from "./file-window.ts";
import type { Interface } from "./pcapng-interface.ts";
import { readInterface, readStamp } from "./pcapng-interface.ts";
import type { Ending, SavedRecord } from "./record.ts";
import { longestPacket } from "./record.ts";

// draft-ietf-opsawg-pcapng §3.1: a block is its type, its length, a body, and its length again.
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const blockHeaderLength = 8;
const blockTrailerLength = 4;

/** The least that a body of this type holds: bytes. Other blocks are passed over. */
const leastBody = new Map([
  [SECTION_HEADER, 16],
  [INTERFACE_DESCRIPTION, 8],
  [OBSOLETE_PACKET, 20],
  [SIMPLE_PACKET, 4],
  [ENHANCED_PACKET, 20],
]);

/** What a file can make us remember. */
const mostInterfaces = 65_536;

/** The type of a section header reads the same in both byte orders: so begins every pcapng file. */
export function isPcapng(magic: number): boolean {
  return magic === SECTION_HEADER;
}

/** The packets of a pcapng file, from its first byte on. Throws CAPTURE where it is damaged. */
export async function* readPcapng(window: FileWindow): AsyncGenerator<SavedRecord, Ending> {
  const section = new PcapngSection(window);
  for (;;) {
    if (!(await window.has(blockHeaderLength + 4))) {
      return window.left === 0 ? undefined : "the file ends within a block's header";
    }
    const { type, length } = section.beginBlock();
    const isOurs = leastBody.has(type);
    const there = isOurs ? length : blockHeaderLength;
    if (!(await window.has(there))) return "the file ends within a block";
    if (isOurs) {
      const record = section.read(type, length);
      if (record !== undefined) yield record;
    }
    if (!(await window.skip(length - blockTrailerLength)) || !(await window.has(4))) {
      return "the file ends within a block";
    }
    section.endBlock(length);
    await window.skip(blockTrailerLength);
  }
}

/** Reads blocks at the window's beginning, and remembers what their section says. */
class PcapngSection {
  readonly #window: FileWindow;
  readonly #data: DataView;
  #littleEndian = false;
  #interfaces: Interface[] = [];
  /** The interfaces of the sections before. */
  #earlier = 0;

  constructor(window: FileWindow) {
    this.#window = window;
    this.#data = window.data;
  }

  /** The type and length of the block, whose first twelve bytes are there. */
  beginBlock(): { readonly type: number; readonly length: number } {
    // Only here may the byte order change; it decides how the length before it is read.
    if (this.#u32(0) === SECTION_HEADER) this.#readByteOrder();
    const type = this.#u32(0);
    const length = this.#u32(4);
    const body = leastBody.get(type);
    const least = blockHeaderLength + (body ?? 0) + blockTrailerLength;
    if (length % 4 !== 0 || length < least || (body !== undefined && length > longestPiece)) {
      throw this.#window.error(`a block of type ${type} claims ${length} bytes`);
    }
    return { type, length };
  }

  /** The block's second length; a difference means that one of the two is false. */
  endBlock(length: number): void {
    const repeated = this.#u32(0);
    if (repeated === length) return;
    throw this.#window.error(`a block of ${length} bytes ends with the length ${repeated}`);
  }

  /** Takes in a whole block; the packet, if it is one. */
  read(type: number, length: number): SavedRecord | undefined {
    const end = length - blockTrailerLength;
    switch (type) {
      case SECTION_HEADER:
        this.#begin();
        return undefined;
      case INTERFACE_DESCRIPTION:
        this.#describe(end);
        return undefined;
      case SIMPLE_PACKET: {
        // §4.4: of the section's first interface, and all of it that its snap length allows.
        const { snapLength } = this.#interface(0);
        const wireLength = this.#u32(8);
        const captured = Math.min(wireLength, snapLength || wireLength, end - 12);
        return this.#record(0, 12, captured, wireLength, false);
      }
      case OBSOLETE_PACKET:
        return this.#packet(this.#u16(8), end);
      default:
        return this.#packet(this.#u32(8), end);
    }
  }

  #packet(id: number, end: number): SavedRecord {
    const captured = this.#u32(20);
    if (captured > Math.min(longestPacket, end - 28)) {
      throw this.#window.error(`a packet claims ${captured} bytes`);
    }
    return this.#record(id, 28, captured, this.#u32(24), true);
  }

  #record(
    id: number,
    offset: number,
    length: number,
    wireLength: number,
    stamped: boolean,
  ): SavedRecord {
    const from = this.#interface(id);
    const { link, linkType } = from;
    if (link === undefined) throw this.#window.error(`link type ${linkType} is not supported`);
    return {
      data: this.#data,
      start: this.#window.start + offset,
      length: Math.min(length, longestPacket),
      wireLength,
      link,
      stamp: stamped ? readStamp(from, this.#u32(12), this.#u32(16)) : undefined,
      interfaceIndex: this.#earlier + id + 1,
    };
  }

  #readByteOrder(): void {
    const at = this.#window.start + 8;
    if (this.#data.getUint32(at) === BYTE_ORDER_MAGIC) this.#littleEndian = false;
    else if (this.#data.getUint32(at, true) === BYTE_ORDER_MAGIC) this.#littleEndian = true;
    else throw this.#window.error("a section has no byte-order magic");
  }

  #begin(): void {
    const major = this.#u16(12);
    if (major !== 1) throw this.#window.error(`pcapng version ${major} is not supported, only 1`);
    this.#earlier += this.#interfaces.length;
    this.#interfaces = [];
  }

  #describe(end: number): void {
    if (this.#interfaces.length === mostInterfaces) {
      throw this.#window.error(`a section has more than ${mostInterfaces} interfaces`);
    }
    const { start } = this.#window;
    const body = start + blockHeaderLength;
    this.#interfaces.push(readInterface(this.#data, body, start + end, this.#littleEndian));
  }

  #interface(id: number): Interface {
    const found = this.#interfaces[id];
    if (found === undefined) throw this.#window.error(`a packet is of interface ${id}, not known`);
    return found;
  }

  #u16(offset: number): number {
    return this.#data.getUint16(this.#window.start + offset, this.#littleEndian);
  }

  #u32(offset: number): number {
    return this.#data.getUint32(this.#window.start + offset, this.#littleEndian);
  }
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAddress } from "../../src/base/address.ts";
import { mss } from "./packets.ts";

/** A TCP or UDP packet to be written from its IP header on. */
export interface PacketOptions {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly sourcePort?: number;
  readonly protocol?: "tcp" | "udp";
  /** TCP's flag bits; default SYN. */
  readonly flags?: number;
  /** TCP's sequence number. */
  readonly sequence?: number;
  /** TCP has the option that every system sends, and raw tools leave out. */
  readonly mayRepeat?: boolean;
}

let nextSequence = 1;

/** The bytes of a packet, IP header first. Without a sequence number each is a new packet. */
export function ipPacket(options: PacketOptions): Uint8Array {
  const { from, to, port, sourcePort = 40000, protocol = "tcp", flags = 2 } = options;
  const { sequence = nextSequence++, mayRepeat = false } = options;
  const ports = bytes("u16", sourcePort, port);
  const offset = mayRepeat ? 0x60 : 0x50;
  const rest = bytes("u32", sequence, 0, "u8", offset, flags, "u16", 1024, 0, 0);
  const payload =
    protocol === "udp"
      ? join8(ports, bytes("u16", 8, 0))
      : join8(ports, rest, ...(mayRepeat ? [mss] : []));
  const number = protocol === "tcp" ? 6 : 17;
  if (!from.includes(":")) {
    const head = bytes("u8", 0x45, 0, "u16", 20 + payload.length, 0, 0, "u8", 64, number, "u16", 0);
    return join8(head, addressBytes(from).subarray(12), addressBytes(to).subarray(12), payload);
  }
  const head = bytes("u32", 0x60000000, "u16", payload.length, "u8", number, 64);
  return join8(head, addressBytes(from), addressBytes(to), payload);
}

/** Numbers after `u8`, `u16`, `u32`, `i64` are written in that width, in the network's order or the other. */
export function bytes(...words: readonly (string | number | bigint | boolean)[]): Uint8Array {
  const found: number[] = [];
  const view = new DataView(new ArrayBuffer(8));
  let width = 1;
  let little = false;
  for (const word of words) {
    if (typeof word === "boolean") little = word;
    else if (typeof word === "string") width = Number(word.slice(1)) / 8;
    else {
      const value = BigInt.asUintN(width * 8, BigInt(word));
      view.setBigUint64(0, little ? value : value << BigInt(64 - width * 8), little);
      for (let i = 0; i < width; i++) found.push(view.getUint8(i));
    }
  }
  return Uint8Array.from(found);
}

export function join8(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function addressBytes(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return bytes("u32", address.w0, address.w1, address.w2, address.w3);
}

/** A packet of a file: when (milliseconds since 1970), and its bytes from the link's header on. */
export interface Recorded {
  readonly wall: number;
  readonly data: Uint8Array;
  /** Default: the length of `data`. */
  readonly wireLength?: number;
}

export interface PcapOptions {
  readonly linkType?: number;
  readonly little?: boolean;
  readonly nano?: boolean;
}

export function pcap(packets: readonly Recorded[], options: PcapOptions = {}): Uint8Array {
  const { linkType = 101, little = true, nano = false } = options;
  const magic = nano ? 0xa1b23c4d : 0xa1b2c3d4;
  const head = bytes(little, "u32", magic, "u16", 2, 4, "u32", 0, 0, 65535, linkType);
  const records = packets.map(({ wall, data, wireLength = data.length }) => {
    const seconds = Math.floor(wall / 1000);
    const fraction = Math.round((wall - seconds * 1000) * (nano ? 1e6 : 1e3));
    return join8(bytes(little, "u32", seconds, fraction, data.length, wireLength), data);
  });
  return join8(head, ...records);
}

/** Writes blocks of pcapng in one byte order. */
export class Blocks {
  readonly #little: boolean;

  constructor(little = true) {
    this.#little = little;
  }

  block(type: number, ...body: readonly Uint8Array[]): Uint8Array {
    const content = padded(join8(...body));
    const length = content.length + 12;
    return join8(this.words("u32", type, length), content, this.words("u32", length));
  }

  words(...words: readonly (string | number | bigint)[]): Uint8Array {
    return bytes(this.#little, ...words);
  }

  section(major = 1): Uint8Array {
    return this.block(0x0a0d0d0a, this.words("u32", 0x1a2b3c4d, "u16", major, 0, "i64", -1));
  }

  /** `options`: pairs of a code and its value. */
  interface(
    linkType = 101,
    snapLength = 0,
    options: readonly (readonly [number, Uint8Array])[] = [],
  ): Uint8Array {
    const all = options.map(([code, value]) =>
      join8(this.words("u16", code, value.length), padded(value)),
    );
    return this.block(1, this.words("u16", linkType, 0, "u32", snapLength), ...all);
  }

  /** `units`: the time stamp as it stands in the file. */
  enhanced(id: number, units: bigint, data: Uint8Array): Uint8Array {
    const [high, low] = [units >> 32n, units & 0xffffffffn];
    const { length } = data;
    return this.block(6, this.words("u32", id, high, low, length, length), padded(data));
  }

  simple(data: Uint8Array, wireLength: number = data.length): Uint8Array {
    return this.block(3, this.words("u32", wireLength), data);
  }

  obsolete(id: number, units: bigint, data: Uint8Array): Uint8Array {
    const [high, low] = [units >> 32n, units & 0xffffffffn];
    const { length } = data;
    return this.block(2, this.words("u16", id, 0, "u32", high, low, length, length), data);
  }
}

function padded(content: Uint8Array): Uint8Array {
  return join8(content, new Uint8Array(-content.length & 3));
}

/** Calls `use` with the path of a file that holds these bytes, and removes it afterwards. */
export async function withFile<T>(
  content: Uint8Array,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "sesame-test-"));
  try {
    const path = join(directory, "file.pcap");
    writeFileSync(path, content);
    return await use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

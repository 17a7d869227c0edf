import { KnockError } from "../base/errors.ts";
import type { Monotonic, WallTime } from "../base/time.ts";
import { FileWindow } from "./file-window.ts";
import type { NoPacket } from "./link.ts";
import { pcapFlavour, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng.ts";
import type { Ending, SavedRecord } from "./record.ts";
import type { Frame } from "./source.ts";
import { Timeline } from "./timeline.ts";

/** One record of a file. */
export interface SavedPacket {
  /** Counted from 1, as tcpdump -# and Wireshark do. */
  readonly number: number;
  /** Counted from the first record; never earlier than that of the record before. */
  readonly time: Monotonic;
  /** Valid until the next record is asked for; or why this one holds nothing for us. */
  readonly frame: Frame | NoPacket;
}

/**
 * A file of recorded packets: pcap in all its flavours, or pcapng. It is read once, from beginning
 * to end, in constant memory:
 *
 *     for await (const { number, frame } of new Savefile(path)) …
 *
 * Throws CAPTURE, with the offset, at the place where the file is damaged, or holds packets of a link
 * type that is not known; all packets before that place have been delivered.
 */
export class Savefile implements AsyncIterable<SavedPacket> {
  readonly #path: string;
  readonly #timeline = new Timeline();
  #packets = 0;
  #truncated: Ending;

  constructor(path: string) {
    this.#path = path;
  }

  /** How many records were delivered so far. */
  get packets(): number {
    return this.#packets;
  }

  /** The date at time 0; `undefined` while no packet told its time. */
  get firstWall(): WallTime | undefined {
    return this.#timeline.firstWall;
  }

  /** In the middle of what the file ended; undefined if it is complete, or was not read to its end. */
  get truncated(): string | undefined {
    return this.#truncated;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SavedPacket> {
    const window = await FileWindow.open(this.#path);
    try {
      const records = await recordsOf(window);
      for (;;) {
        const { done, value } = await records.next();
        if (done) {
          this.#truncated = value;
          return;
        }
        yield this.#deliver(value);
      }
    } finally {
      await window.close();
    }
  }

  #deliver(record: SavedRecord): SavedPacket {
    const time = this.#timeline.next(record.stamp);
    return { number: ++this.#packets, time, frame: frameOf(record, time) };
  }
}

/** Looks at the first bytes to know what kind of file it is. */
async function recordsOf(window: FileWindow): Promise<AsyncGenerator<SavedRecord, Ending>> {
  const hasMagic = await window.has(4);
  const magic = hasMagic ? window.data.getUint32(window.start) : 0;
  if (isPcapng(magic)) return readPcapng(window);
  const flavour = pcapFlavour(magic);
  if (flavour !== undefined) return readPcap(window, flavour);
  const { message } = window.error(
    hasMagic ? "this is neither pcap nor pcapng" : "this is too short for pcap or pcapng",
  );
  const compressed = magic >>> 16 === 0x1f8b || magic === 0x28b52ffd;
  const hints = compressed ? ["it is compressed: unpack it with gunzip or unzstd first"] : [];
  throw new KnockError("CAPTURE", message, { hints });
}

function frameOf(record: SavedRecord, time: Monotonic): Frame | NoPacket {
  const { data, start, length, wireLength, link } = record;
  const found = link(data, start, length);
  if (typeof found === "string") return found;
  return {
    data,
    start: start + found.ip,
    length: length - found.ip,
    wireLength: Math.max(0, wireLength - found.ip),
    time,
    interfaceIndex: found.interfaceIndex || record.interfaceIndex,
    isLoopback: found.isLoopback,
  };
}

import { endianness } from "node:os";
import type { NetlinkMessage } from "../../../src/ffi/netlink-messages.ts";
import {
  findAttribute,
  MessageWriter,
  readAttributes,
  readError,
  readMessages,
  readText,
} from "../../../src/ffi/netlink-messages.ts";
import {
  readChainState,
  readElements,
  readTableState,
  removedFrom,
} from "../../../src/ffi/nft-messages.ts";
import type { FuzzTarget } from "../target.ts";
import { promise } from "../target.ts";

const margin = 32;
/** linux/netfilter/nf_tables.h: what is told of tables, chains and elements, and of what was removed (NFT_MSG_*). */
const nftTypes = [0, 2, 3, 5, 11, 12, 14].map((type) => (10 << 8) | type);
const little = endianness() === "LE";

/** A datagram of the kernel's: nothing is read that lies outside of it, or of the message it is in. */
export const netlinkTarget: FuzzTarget = {
  name: "netlink",
  covers: ["src/ffi/netlink-messages.ts", "src/ffi/nft-messages.ts"],
  longest: 2048,
  words: [
    Uint8Array.of(4, 0, 1, 0),
    Uint8Array.of(8, 0, 1, 0),
    Uint8Array.of(16, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xfd, 0xff, 0xff, 0x7f),
  ],
  make(random) {
    const writer = new MessageWriter();
    const bytes = () => Uint8Array.of(...random.several(0, 12, () => random.from(0, 255)));
    for (let i = random.from(0, 4); i > 0; i--) {
      writer.begin(random.pick([2, 3, ...nftTypes]), random.from(0, 3), i, new Uint8Array(4));
      for (let j = random.from(0, 4); j > 0; j--) {
        random.pick([
          () => writer.nest(3, () => element(writer, random.from(0, 3))),
          () => writer.text(j, "text"),
          () => writer.u64(j, random.from(0, 1000)),
          () => writer.bytes(j, bytes()),
        ])();
      }
      writer.end();
    }
    const written = Uint8Array.from(writer.written());
    const view = new DataView(written.buffer);
    if (written.length > 20 && random.percent(50)) {
      const at = random.from(0, written.length / 4 - 1) * 4;
      view.setUint16(at, random.pick([0, 1, 3, 4, 5, 15, 16, 17, 64, 65_535]), little);
    }
    return written;
  },
  limit: (length) => 1 + length / 500,
  run(input) {
    const [first, second] = [0x00, 0xff].map((filler) => {
      const memory = new Uint8Array(input.length + 2 * margin).fill(filler);
      memory.set(input, margin);
      const data = new DataView(memory.buffer, margin, input.length);
      return readMessages(data).map((message) => describe(message, input.length));
    });
    promise(first?.join() === second?.join(), "what lies around it is read");
    return `${Math.min(first?.length ?? 0, 4)} messages, ${Math.min(first?.[0]?.split(" ").length ?? 0, 12)} words`;
  },
};

/** An element of a set, with a key and the time that is left; one attribute of the two may be missing. */
function element(writer: MessageWriter, what: number): void {
  writer.nest(1, () => {
    if (what !== 1) writer.nest(1, () => writer.bytes(1, Uint8Array.of(192, 0, 2, 7)));
    if (what !== 2) writer.u64(5, 1000);
  });
}

/** All that can be read of a message, as a text. */
function describe(message: NetlinkMessage, length: number): string {
  const { type, flags, sequence, port, body } = message;
  isWithin(body, margin, margin + length);
  const attributes = readAttributes(body).map((value) => {
    isWithin(value, body.byteOffset, body.byteOffset + body.byteLength);
    return `${readText(value).length}/${value.byteLength}`;
  });
  for (const wanted of [0, 1, 2, 0x3fff]) {
    const found = findAttribute(body, wanted, 4);
    if (found === undefined) continue;
    isWithin(found, body.byteOffset, body.byteOffset + body.byteLength);
    const inner = readAttributes(found);
    for (const one of inner) isWithin(one, found.byteOffset, found.byteOffset + found.byteLength);
  }
  const error = readError(message);
  promise(error >= 0 && error <= 2 ** 31, `error ${error}`);
  const elements = readElements(message).map(({ key, milliseconds }) => `${key}: ${milliseconds}`);
  const removed = removedFrom(message)?.length ?? -1;
  const state = `${readTableState(message)} ${readChainState(message)?.rules}`;
  return [type, flags, sequence, port, error, removed, state, ...attributes, ...elements].join(" ");
}

function isWithin({ byteOffset, byteLength }: DataView, from: number, to: number): void {
  const end = byteOffset + byteLength;
  promise(byteOffset >= from && end <= to, `${byteOffset} to ${end} is not in ${from} to ${to}`);
}

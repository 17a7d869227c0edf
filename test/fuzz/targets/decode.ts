import { whyRejected } from "../../../src/decode/rejection.ts";
import { decodeAlike } from "../../support/agreement.ts";
import { frameOf } from "../../support/packets.ts";
import { packet } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";

/** A frame: it is read as the slow reader reads it, whatever stands around it. */
export const decodeTarget: FuzzTarget = {
  name: "decode",
  covers: ["src/decode/"],
  longest: 2048,
  words: [
    Uint8Array.of(0x45),
    Uint8Array.of(0x60, 0, 0, 0),
    ...[0, 6, 17, 43, 44, 51, 60, 135, 139, 140].map((kind) => Uint8Array.of(kind, 0)),
    ...[0, 44, 51, 60].map((kind) => Uint8Array.of(kind, 0, 0, 0, 0, 0, 0, 0)),
    Uint8Array.of(0xff, 0xff),
  ],
  make: packet,
  limit: () => 1,
  run(frame) {
    const read = decodeAlike(frame);
    if (read === undefined) return `rejected: ${whyRejected(frameOf(frame))}`;
    return `${read.protocol} of IPv${read.source.family}${read.mayRepeat ? ", options" : ""}`;
  },
};

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnockError } from "../../../src/base/errors.ts";
import { Savefile } from "../../../src/capture/savefile.ts";
import { decode } from "../../../src/decode/decode.ts";
import type { SeededRandom } from "../../differential/random.ts";
import { Blocks, bytes, join8, pcap } from "../../support/savefiles.ts";
import { packet } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";
import { promise } from "../target.ts";

const linkTypes = [0, 1, 9, 12, 14, 101, 105, 108, 113, 228, 229, 276];
const wall = 1_800_000_000_000;

let file: string | undefined;

/** Where the cases lie, one after the other; gone when the process is. */
function place(): string {
  if (file === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "sesame-fuzz-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    file = join(folder, "case");
  }
  return file;
}

/** A file of packets: it is read to its end or to the place that is damaged, and nothing is made up. */
export const savefileTarget: FuzzTarget = {
  name: "savefile",
  covers: ["src/capture/"],
  longest: 4096,
  words: [
    bytes("u32", 0xa1b2c3d4),
    bytes("u32", 0x0a0d0d0a),
    bytes("u32", 0x1f8b0800),
    bytes("u32", 0x1a2b3c4d),
    bytes(true, "u32", 0xa1b23c4d),
    bytes("u16", 0x8100, 0, 0x0800),
    bytes("u16", 9, 1, "u32", 0xff000000),
    bytes("u16", 14, 8, "i64", -1),
  ],
  make: (random) => (random.percent(50) ? makePcap(random) : makePcapng(random)),
  limit: (length) => 10 + length / 100,
  async run(input) {
    const path = place();
    writeFileSync(path, input);
    const saved = new Savefile(path);
    const outcomes = new Set<string>();
    let last = 0;
    try {
      for await (const { number, time, frame } of saved) {
        promise(number === saved.packets, "packets are not counted one by one");
        promise(time >= last && Number.isFinite(time), `time went from ${last} to ${time}`);
        // Each record has a header of its own.
        promise(number * 16 <= input.length, `${number} packets of ${input.length} bytes`);
        last = time;
        if (typeof frame === "string") outcomes.add(frame);
        else {
          const { data, start, length, wireLength, interfaceIndex } = frame;
          const isThere = start >= 0 && length >= 0 && start + length <= data.byteLength;
          promise(isThere && length <= input.length, `a frame of ${length} bytes from ${start} on`);
          promise(Number.isInteger(interfaceIndex) && wireLength >= 0, "a strange interface");
          outcomes.add(decode(frame) === undefined ? "nothing" : "packet");
        }
      }
      if (saved.truncated !== undefined) outcomes.add(saved.truncated);
    } catch (error) {
      if (!(error instanceof KnockError) || error.code !== "CAPTURE") throw error;
      const at = Number(/at byte (\d+)$/.exec(error.message)?.[1]);
      promise(at >= 0 && at <= input.length, `the damage is at byte ${at} of ${input.length}`);
      outcomes.add(error.message.replace(/^.*?: |\d+/g, ""));
    }
    const { firstWall } = saved;
    const isDate = firstWall === undefined || Math.abs(firstWall) < 8.64e15;
    promise(isDate, `the first packet is of ${firstWall}`);
    return [...outcomes].sort().slice(0, 2).join(" and ");
  },
};

/** A link's header and a packet. */
function linked(random: SeededRandom, linkType: number): Uint8Array {
  const body = packet(random);
  const type = (body[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800;
  const tag = random.percent(30) ? random.several(1, 5, () => bytes("u16", 0x8100, 0)) : [];
  const behind = join8(...tag, bytes("u16", random.percent(95) ? type : 0x0806), body);
  switch (linkType) {
    case 0:
    case 108:
      return join8(bytes(random.percent(50), "u32", random.pick([2, 10, 24, 28, 30, 7])), body);
    case 1:
      return join8(new Uint8Array(12), behind);
    case 9:
      return join8(bytes("u16", random.pick([0xff03, 0x21, 0x57, 0x2100, 0xc021]), 0x21), body);
    case 113:
      return join8(bytes("u16", random.pick([0, 3, 4]), 1, 0, 0, 0, 0, 0), behind);
    case 276:
      return join8(
        bytes("u16", random.pick([type, 0x8100, 0x0806]), 0, "u32", 3, "u32", 0, 0, 0),
        behind,
      );
    default:
      return body;
  }
}

function makePcap(random: SeededRandom): Uint8Array {
  const linkType = random.pick(linkTypes);
  const packets = random.several(0, 4, () => ({
    wall: wall + random.from(-100_000, 100_000),
    data: linked(random, linkType),
  }));
  return pcap(packets, { linkType, little: random.percent(50), nano: random.percent(50) });
}

function makePcapng(random: SeededRandom): Uint8Array {
  const blocks = new Blocks(random.percent(50));
  const linkType = random.pick(linkTypes);
  const options: [number, Uint8Array][] = random.several(0, 3, () => [
    random.pick([0, 2, 9, 14]),
    Uint8Array.of(...random.several(0, 9, () => random.from(0, 255))),
  ]);
  const made = random.several(0, 6, () => {
    const units = (BigInt(random.from(0, 0xffffffff)) << 32n) | BigInt(random.from(0, 0xffffffff));
    const data = linked(random, linkType);
    switch (random.from(0, 6)) {
      case 0:
        return blocks.section();
      case 1:
        return blocks.interface(linkType, random.pick([0, 20, 65_535]), options);
      case 2:
        return blocks.simple(data);
      case 3:
        return blocks.obsolete(random.from(0, 1), units, data);
      case 4:
        return blocks.block(random.from(0, 12), data);
      default:
        return blocks.enhanced(random.from(0, 1), units, data);
    }
  });
  return join8(blocks.section(), blocks.interface(linkType, 0, options), ...made);
}

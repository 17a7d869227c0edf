import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Recorded } from "../../test/support/savefiles.ts";
import { Blocks, bytes, ipPacket, join8, pcap, withFile } from "../../test/support/savefiles.ts";
import { KnockError } from "../base/errors.ts";
import { decode } from "../decode/decode.ts";
import { Savefile } from "./savefile.ts";

const wall = 1_800_000_000_125;
const knock = (port: number) => ipPacket({ from: "192.0.2.7", to: "192.0.2.1", port });
const knocks: readonly Recorded[] = [7000, 8000, 9000].map((port, i) => ({
  wall: wall + i * 1500.5,
  data: knock(port),
}));

/** What a file holds, a line a record, and how it ends. */
async function read(content: Uint8Array): Promise<string[]> {
  return await withFile(content, readPath);
}

async function readPath(path: string): Promise<string[]> {
  const lines: string[] = [];
  const file = new Savefile(path);
  try {
    for await (const { number, time, frame } of file) {
      const packet = typeof frame === "string" ? undefined : decode(frame);
      const what = typeof frame === "string" ? frame : (packet?.port ?? "undecodable");
      const where = packet?.interfaceIndex ? ` on ${packet.interfaceIndex}` : "";
      lines.push(`${number}: ${time} ${what}${where}`);
    }
    if (file.truncated) lines.push(file.truncated);
  } catch (error) {
    if (!(error instanceof KnockError) || error.code !== "CAPTURE") throw error;
    lines.push(error.message.replace(/^.*?: /, ""));
  }
  return lines;
}

const threeKnocks = ["1: 0 7000", "2: 1500.5 8000", "3: 3001 9000"];

describe("pcap", () => {
  test.each([
    [true, false],
    [true, true],
    [false, false],
    [false, true],
  ])("little-endian %s, nanoseconds %s", async (little, nano) => {
    expect(await read(pcap(knocks, { little, nano }))).toEqual(threeKnocks);
  });

  test("the date of the first packet", async () => {
    await withFile(pcap(knocks), async (path) => {
      const file = new Savefile(path);
      expect(file.firstWall).toBeUndefined();
      for await (const _ of file);
      expect([file.packets, file.firstWall]).toEqual([3, wall]);
    });
  });

  test("a file without packets, and one that ends in each of its places", async () => {
    const whole = pcap(knocks);
    const ends = [24, 24 + 16 + 40].flatMap((start) => [start, start + 1, start + 16]);
    expect(await Promise.all(ends.map((end) => read(whole.subarray(0, end))))).toEqual([
      [],
      ["the file ends within a packet's header"],
      ["the file ends within a packet"],
      ["1: 0 7000"],
      ["1: 0 7000", "the file ends within a packet's header"],
      ["1: 0 7000", "the file ends within a packet"],
    ]);
    expect(await read(whole.subarray(0, 20))).toEqual(["the file ends within its header"]);
  });

  test("a packet that was recorded in part keeps its length on the wire", async () => {
    const cut = pcap([{ wall, data: knock(7000), wireLength: 1500 }]);
    await withFile(cut, async (path) => {
      for await (const { frame } of new Savefile(path)) {
        expect(frame).toMatchObject({ length: 40, wireLength: 1500 });
      }
    });
  });

  test("what cannot be read is named, with its place", async () => {
    const damaged = pcap(knocks);
    new DataView(damaged.buffer).setUint32(24 + 56 + 8, 0xffffffff);
    expect(await read(damaged)).toEqual([
      "1: 0 7000",
      "a packet claims 4294967295 bytes, at byte 80",
    ]);
    expect(await read(pcap(knocks, { linkType: 105 }))).toEqual([
      "link type 105 is not supported, at byte 0",
    ]);
    const old = join8(bytes("u32", 0xa1b2c3d4, "u16", 2, 3), new Uint8Array(16));
    expect(await read(old)).toEqual(["pcap version 2.3 is not supported, only 2.4, at byte 0"]);
    expect(await read(bytes("u32", 0x1f8b0800))).toEqual([
      "this is neither pcap nor pcapng, at byte 0",
    ]);
    expect(await read(new Uint8Array())).toEqual([
      "this is too short for pcap or pcapng, at byte 0",
    ]);
  });

  test("a compressed file gets a hint", async () => {
    const reading = withFile(bytes("u32", 0x1f8b0800), async (path) => {
      for await (const _ of new Savefile(path));
    });
    await expect(reading).rejects.toMatchObject({ hints: [expect.stringContaining("gunzip")] });
  });

  test("a large file is read in pieces", async () => {
    const big = knocks.concat(
      Array.from({ length: 40 }, (_, i) => ({
        wall: wall + 4000 + i,
        data: join8(knock(i + 1), new Uint8Array(200_000 + i)),
      })),
    );
    const lines = await read(pcap(big));
    expect(lines.slice(0, 3)).toEqual(threeKnocks);
    expect(lines.slice(3)).toEqual(big.slice(3).map((_, i) => `${i + 4}: ${4000 + i} ${i + 1}`));
  });
});

describe("pcapng", () => {
  const units = BigInt(wall) * 1000n;

  test.each([true, false])("each kind of packet block, little-endian %s", async (little) => {
    const blocks = new Blocks(little);
    const file = join8(
      blocks.section(),
      blocks.interface(),
      blocks.interface(),
      blocks.enhanced(0, units, knock(7000)),
      blocks.block(0x0bad, new Uint8Array(5)),
      blocks.obsolete(1, units + 1_500_500n, knock(8000)),
      blocks.simple(knock(9000)),
    );
    expect(await read(file)).toEqual([
      "1: 0 7000 on 1",
      "2: 1500.5 8000 on 2",
      "3: 1500.5 9000 on 1",
    ]);
  });

  test.each([
    ["microseconds", undefined, 1_000_000n],
    ["nanoseconds", 9, 1_000_000_000n],
    ["seconds", 0, 1n],
    ["powers of two", 0x80 | 10, 1024n],
    ["finer than anything", 0x80 | 60, 2n ** 60n],
  ])("time stamps in %s", async (_, resolution, perSecond) => {
    const blocks = new Blocks();
    const options = resolution === undefined ? [] : [[9, bytes("u8", resolution)] as const];
    const file = join8(
      blocks.section(),
      blocks.interface(101, 0, options),
      blocks.enhanced(0, 2n * perSecond, knock(7000)),
      blocks.enhanced(0, 5n * perSecond + perSecond / 2n, knock(8000)),
    );
    const later = perSecond === 1n ? 3000 : 3500;
    expect(await read(file)).toEqual(["1: 0 7000 on 1", `2: ${later} 8000 on 1`]);
  });

  test("an interface whose time stamps count from another moment", async () => {
    const blocks = new Blocks();
    const file = join8(
      blocks.section(),
      blocks.interface(),
      blocks.interface(101, 0, [
        [2, bytes("u8", 101)],
        [14, blocks.words("i64", 1_700_000_000)],
      ]),
      blocks.enhanced(0, 1_700_000_000_000_000n, knock(7000)),
      blocks.enhanced(1, 250_000n, knock(8000)),
    );
    expect(await read(file)).toEqual(["1: 0 7000 on 1", "2: 250 8000 on 2"]);
  });

  test("sections of either byte order, with interfaces of their own", async () => {
    const [little, big] = [new Blocks(true), new Blocks(false)];
    const ethernet = (packet: Uint8Array) =>
      join8(new Uint8Array(12), bytes("u16", 0x0800), packet);
    const file = join8(
      little.section(),
      little.interface(),
      little.enhanced(0, units, knock(7000)),
      big.section(),
      big.interface(1),
      big.enhanced(0, units + 1000n, ethernet(knock(8000))),
    );
    expect(await read(file)).toEqual(["1: 0 7000 on 1", "2: 1 8000 on 2"]);
  });

  test("a simple packet is as long as the snap length, the packet and the block allow", async () => {
    const blocks = new Blocks();
    const udp = ipPacket({ from: "192.0.2.7", to: "192.0.2.1", port: 7000, protocol: "udp" });
    const cut = blocks.simple(udp.subarray(0, 28), 1500);
    const file = join8(
      blocks.section(),
      blocks.interface(101, 28),
      cut,
      blocks.simple(udp, 2 ** 32 - 1),
    );
    expect(await read(file)).toEqual(["1: 0 7000 on 1", "2: 0 7000 on 1"]);
  });

  test("an interface that cannot be read harms nobody until it has a packet", async () => {
    const blocks = new Blocks();
    const file = join8(
      blocks.section(),
      blocks.interface(220),
      blocks.interface(),
      blocks.enhanced(1, units, knock(7000)),
      blocks.enhanced(0, units, knock(8000)),
    );
    expect(await read(file)).toEqual([
      "1: 0 7000 on 2",
      `link type 220 is not supported, at byte ${28 + 20 + 20 + 72}`,
    ]);
  });

  test("a large file is read in pieces, and what is not for us is passed over", async () => {
    const blocks = new Blocks();
    const ports = Array.from({ length: 20 }, (_, i) => i + 1);
    const file = join8(
      blocks.section(),
      blocks.interface(),
      ...ports.flatMap((port) => [
        blocks.block(0x0bad, new Uint8Array(300_000 + port)),
        blocks.enhanced(0, units, join8(knock(port), new Uint8Array(200_000 + port))),
      ]),
      blocks.block(0x0bad, new Uint8Array(3_000_000)),
      blocks.enhanced(0, units, knock(7000)),
    );
    const expected = [...ports, 7000].map((port, i) => `${i + 1}: 0 ${port} on 1`);
    expect(await read(file)).toEqual(expected);
  });

  const blocks = new Blocks();
  const start = join8(blocks.section(), blocks.interface());
  const raw = (...words: (string | number)[]) => join8(start, blocks.words("u32", ...words));
  test.each([
    ["a length that is no multiple of 4", raw(6, 61, 0, 0), "a block of type 6 claims 61 bytes"],
    ["a length that is nothing", raw(6, 0, 0, 0), "a block of type 6 claims 0 bytes"],
    ["a length of nothing in an unknown block", raw(77, 8, 0), "a block of type 77 claims 8 bytes"],
    [
      "a packet block as long as a film",
      raw(6, 0xfffffffc, 0),
      "a block of type 6 claims 4294967292 bytes",
    ],
    ["an unknown block as long as a film", raw(77, 0xfffffffc, 0), "the file ends within a block"],
    ["a packet longer than its block", raw(6, 32, 0, 0, 0, 1, 1, 32), "a packet claims 1 bytes"],
    [
      "a packet of no interface",
      raw(6, 32, 9, 0, 0, 0, 0, 32),
      "a packet is of interface 9, not known",
    ],
    ["two lengths", raw(77, 12, 16), "a block of 12 bytes ends with the length 16"],
    ["no byte order", raw(0x0a0d0d0a, 28, 1, 0, 0, 0, 28), "a section has no byte-order magic"],
    [
      "another version",
      join8(start, blocks.section(2)),
      "pcapng version 2 is not supported, only 1",
    ],
    ["half a block header", raw(6, 32), "the file ends within a block's header"],
    ["half a block", raw(6, 32, 0, 0), "the file ends within a block"],
  ])("%s", async (_, file, message) => {
    const at = message.startsWith("the file ends")
      ? ""
      : `, at byte ${message.includes("ends with") ? 56 : 48}`;
    expect(await read(file)).toEqual([`${message}${at}`]);
  });

  test("options that lie about their length end the options", async () => {
    const body = join8(blocks.words("u16", 101, 0, "u32", 0), blocks.words("u16", 9, 65535));
    const file = join8(
      blocks.section(),
      blocks.block(1, body),
      blocks.enhanced(0, units, knock(7000)),
    );
    expect(await read(file)).toEqual(["1: 0 7000 on 1"]);
  });
});

describe("hostile files", () => {
  const corpus = join(import.meta.dirname, "../../test/corpus/savefile");
  const names = readdirSync(corpus).filter((name) => /\.pcap(?:ng)?$/.test(name));
  test.each(names)("%s", async (name) => {
    const lines = await readPath(join(corpus, name));
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(corpus, `${name}.expected`));
  });

  const blocks = new Blocks();
  const honest = [
    pcap(knocks),
    pcap(knocks, { little: false, nano: true, linkType: 1 }),
    join8(
      blocks.section(),
      blocks.interface(101, 0, [[9, bytes("u8", 9)]]),
      blocks.enhanced(0, 1n, knock(7000)),
      blocks.simple(knock(8000)),
      blocks.obsolete(0, 2n, knock(9000)),
    ),
  ];
  const damage = fc.array(fc.tuple(fc.nat(400), fc.constantFrom(0, 1, 2, 3, 4, 6, 127, 128, 255)), {
    maxLength: 8,
  });

  test("no damage makes reading fail in another way, or deliver what is not there", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...honest), damage, fc.nat(400), async (file, hits, end) => {
        const copy = file.slice(0, Math.max(4, end));
        for (const [at, value] of hits) if (at < copy.length) copy[at] = value;
        await withFile(copy, async (path) => {
          let last = 0;
          try {
            for await (const { time, frame } of new Savefile(path)) {
              expect(time).toBeGreaterThanOrEqual(last);
              last = time;
              if (typeof frame === "string") continue;
              expect(frame.length).toBeGreaterThanOrEqual(0);
              expect(frame.length).toBeLessThanOrEqual(copy.length);
              decode(frame);
            }
          } catch (error) {
            expect(error).toMatchObject({ name: "KnockError", code: "CAPTURE" });
            expect(String(error)).toMatch(/at byte \d+/);
          }
        });
      }),
      { numRuns: 1000 },
    );
  });

  test("what is no file", async () => {
    await expect(readPath("/nonexistent/file")).resolves.toEqual([
      expect.stringContaining("No such file or directory"),
    ]);
    await expect(readPath("/")).resolves.toEqual([expect.stringContaining("Is a directory")]);
  });
});

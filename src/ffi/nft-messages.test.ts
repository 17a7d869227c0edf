import { endianness } from "node:os";
import { expect, test } from "vitest";
import type { NetlinkMessage } from "./netlink-messages.ts";
import { MessageWriter, readMessages } from "./netlink-messages.ts";
import type { SetChange } from "./nft-messages.ts";
import {
  encodeBatch,
  encodeChainQuery,
  encodeFind,
  encodeList,
  encodeTableQuery,
  readChainState,
  readElements,
  readTableState,
  removedFrom,
} from "./nft-messages.ts";

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const read = (bytes: Uint8Array) => readMessages(view(bytes));
const name = { table: "sesame", set: "open4" };
const key = Uint8Array.of(192, 0, 2, 1, 6, 0, 0, 0, 0, 22, 0, 0);

const add: SetChange = { ...name, kind: "add", elements: [{ key, milliseconds: 60_000 }] };
const remove: SetChange = { ...name, kind: "delete", elements: [{ key }] };

test("a batch is framed, numbered, and acknowledged by its last change alone", () => {
  const messages = read(encodeBatch([add, remove, add], 100));
  expect(messages.map(({ type, flags, sequence }) => [type, flags, sequence])).toEqual([
    [16, 0x1, 100],
    [0xa0c, 0x401, 101],
    [0xa0e, 0x1, 102],
    [0xa0c, 0x405, 103],
    [17, 0x1, 104],
  ]);
  // struct nfgenmsg: the subsystem in the frame, the family inet in the changes
  expect(messages.map(({ body }) => body.getUint32(0))).toEqual([
    0x0000000a, 0x01000000, 0x01000000, 0x01000000, 0x0000000a,
  ]);
});

test.runIf(endianness() === "LE")("an element is its key and its time, byte for byte", () => {
  const [, change] = read(encodeBatch([add], 1));
  const body = change?.body;
  if (body === undefined) throw new Error("no change");
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  expect(bytes.toString("hex")).toBe(
    [
      "01000000",
      ["0b000100", "736573616d650000"], // table "sesame"
      ["0a000200", "6f70656e34000000"], // set "open4"
      ["28000380", "24000180"], // the list, an element
      ["14000180", "10000100", "c0000201", "06000000", "00160000"], // its key
      ["0c000400", "000000000000ea60"], // its time-out
    ]
      .flat()
      .join(""),
  );
});

test("what is asked for names the set, and one element if it is about one", () => {
  const [list] = read(encodeList(name, 5));
  expect(list).toMatchObject({ type: 0xa0d, flags: 0x301, sequence: 5 });
  const [find] = read(encodeFind(name, key, 6));
  expect(find).toMatchObject({ type: 0xa0d, flags: 0x1, sequence: 6 });
  expect((find?.body.byteLength ?? 0) - (list?.body.byteLength ?? 0)).toBe(4 + 4 + 20);
});

/** A message of the kernel's, with an element that has so many milliseconds left. */
function element(milliseconds: number | undefined): NetlinkMessage | undefined {
  const writer = new MessageWriter();
  writer.begin(0xa0c, 0, 1, Uint8Array.of(1, 0, 0, 0));
  writer.text(1, "sesame");
  writer.nest(3, () =>
    writer.nest(1, () => {
      writer.nest(1, () => writer.bytes(1, key));
      if (milliseconds !== undefined) writer.u64(5, milliseconds);
    }),
  );
  writer.end();
  return read(writer.written())[0];
}

test("an element is read with the time that it has left", () => {
  const messages = [element(1234), element(undefined)].filter((one) => one !== undefined);
  expect(messages.flatMap(readElements)).toEqual([{ key, milliseconds: 1234 }, { key }]);
});

test("other messages have no elements", () => {
  const messages = read(encodeBatch([remove], 1));
  expect(messages.flatMap(readElements)).toEqual([]);
});

const u32 = (value: number) => Uint8Array.of(0, 0, value >> 8, value);

/** A message of the kernel's with these attributes. */
function answer(type: number, ...attributes: [type: number, value: Uint8Array][]) {
  const writer = new MessageWriter();
  writer.begin(type, 0, 1, Uint8Array.of(1, 0, 0, 0));
  for (const [attribute, value] of attributes) writer.bytes(attribute, value);
  writer.end();
  return read(writer.written());
}

test("a table and a chain are asked for by their names", () => {
  expect(read(encodeTableQuery("sesame", 7))).toMatchObject([
    { type: 0xa01, flags: 1, sequence: 7 },
  ]);
  const [chain] = read(encodeChainQuery("sesame", "protect", 8));
  expect(chain).toMatchObject({ type: 0xa04, flags: 1, sequence: 8 });
});

test("a table is in force unless it is dormant", () => {
  expect(answer(0xa00).map(readTableState)).toEqual([true]);
  expect(answer(0xa00, [2, u32(0)]).map(readTableState)).toEqual([true]);
  expect(answer(0xa00, [2, u32(1)]).map(readTableState)).toEqual([false]);
  expect(answer(0xa03).map(readTableState)).toEqual([undefined]);
});

test("a chain has so many rules, and a hook if packets go through it", () => {
  const hook: [number, Uint8Array] = [4, u32(0)];
  expect(answer(0xa03, hook, [6, u32(258)]).map(readChainState)).toEqual([
    { isHooked: true, rules: 258 },
  ]);
  expect(answer(0xa03, [6, Uint8Array.of(1)]).map(readChainState)).toEqual([
    { isHooked: false, rules: 0 },
  ]);
  expect(answer(0xa00).map(readChainState)).toEqual([undefined]);
});

function news(type: number, table: string | undefined, family = 1): NetlinkMessage[] {
  const writer = new MessageWriter();
  writer.begin(type, 0, 1, Uint8Array.of(family, 0, 0, 0));
  if (table !== undefined) writer.text(1, table);
  writer.end();
  return read(writer.written());
}

test.each([0xa02, 0xa05, 0xa08, 0xa0b, 0xa0e, 0xa1a, 0xa1b, 0xa1c, 0xa1d, 0xa1e])(
  "news of type 0x%x says what was removed from which table",
  (type) => {
    expect(news(type, "sesame").map(removedFrom)).toEqual(["sesame"]);
  },
);

test("news of something new, of another family, or of no table is none of a removal", () => {
  const others = [
    ...news(0xa00, "sesame"),
    ...news(0xa0c, "sesame"),
    ...news(0xa14, "sesame"), // DELOBJ: we have none
    ...news(0x102, "sesame"), // conntrack
    ...news(0xa02, "sesame", 2),
    ...news(0xa02, undefined),
  ];
  expect(others.map(removedFrom)).toEqual(others.map(() => undefined));
});

test("an element whose time is cut off has none", () => {
  const writer = new MessageWriter();
  writer.begin(0xa0c, 0, 1, new Uint8Array(4));
  writer.nest(3, () => {
    writer.nest(1, () => {
      writer.nest(1, () => writer.bytes(1, key));
      writer.bytes(5, new Uint8Array(7));
    });
  });
  writer.end();
  expect(read(writer.written()).flatMap(readElements)).toEqual([{ key }]);
});

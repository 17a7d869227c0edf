import { expect, test } from "vitest";
import {
  findAttribute,
  MessageWriter,
  readAttributes,
  readError,
  readMessages,
  readText,
} from "./netlink-messages.ts";

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** One message of type 7 with what `fill` writes, read back. */
function written(fill: (writer: MessageWriter) => void) {
  const writer = new MessageWriter();
  writer.begin(7, 5, 99, Uint8Array.of(1, 2, 3, 4));
  fill(writer);
  writer.end();
  const [message, ...rest] = readMessages(view(writer.written()));
  if (message === undefined || rest.length > 0) throw new Error("not one message");
  return message;
}

test("a message has its header, its fixed part and its attributes", () => {
  const message = written((writer) => {
    writer.text(1, "sesame");
    writer.nest(2, () => {
      writer.bytes(3, Uint8Array.of(9));
      writer.u64(4, 2 ** 40 + 1);
    });
  });
  expect(message).toMatchObject({ type: 7, flags: 5, sequence: 99, port: 0 });
  expect(message.body.getUint32(0)).toBe(0x01020304);
  const [name, list] = [1, 2].map((type) => findAttribute(message.body, type, 4));
  if (name === undefined || list === undefined) throw new Error("an attribute is missing");
  expect(readText(name)).toBe("sesame");
  expect(name.byteLength).toBe(7);
  expect(readAttributes(list).map(({ byteLength }) => byteLength)).toEqual([1, 8]);
  expect(findAttribute(list, 4)?.getBigUint64(0)).toBe(2n ** 40n + 1n);
  expect(findAttribute(list, 5)).toBeUndefined();
});

test("messages grow beyond any first guess", () => {
  const { body } = written((writer) => {
    for (let i = 0; i < 10_000; i++) writer.u64(i & 0xff, i);
  });
  const values = readAttributes(new DataView(body.buffer, body.byteOffset + 4, 120_000));
  expect(values).toHaveLength(10_000);
  expect(values.every((value, i) => value.getBigUint64(0) === BigInt(i))).toBe(true);
});

test("messages follow each other, and a broken tail is left out", () => {
  const writer = new MessageWriter();
  for (const type of [1, 2, 3]) {
    writer.begin(type, 0, 0, new Uint8Array(4));
    writer.text(1, "odd");
    writer.end();
  }
  const bytes = writer.written();
  for (let length = 0; length <= bytes.length; length++) {
    const messages = readMessages(view(bytes.subarray(0, length)));
    expect(messages.map(({ type }) => type)).toEqual(
      [1, 2, 3].slice(0, Math.floor((length * 3) / bytes.length)),
    );
  }
});

test("attributes that lie about their length end the list", () => {
  for (const length of [0, 3, 9, 65535]) {
    const bytes = new Uint8Array(8);
    new Uint16Array(bytes.buffer)[0] = length;
    expect(readAttributes(view(bytes))).toEqual([]);
    expect(findAttribute(view(bytes), 0)).toBeUndefined();
  }
});

test("an error carries a negative errno, an acknowledgement 0, a short one none", () => {
  const answer = (errno: number) =>
    readError({ ...written(() => {}), body: view(new Uint8Array(Int32Array.of(errno).buffer)) });
  expect([answer(-2), answer(0)]).toEqual([2, 0]);
  expect(readError({ ...written(() => {}), body: view(new Uint8Array(2)) })).toBe(0);
});

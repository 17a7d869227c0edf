import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Address } from "../base/address.ts";
import { KnockError } from "../base/errors.ts";
import {
  encode,
  formatRequest,
  parseAnswer,
  parseRequest,
  parseResult,
  toWire,
} from "./protocol.ts";

const parse = (text: string) => parseRequest(Buffer.from(text));
const address = Address.v4(0xc0000201);

describe("a request reads as", () => {
  test.each([
    ['{"id":1,"method":"status"}', { id: 1, method: "status", params: {} }],
    ['{"method":"watch","id":0}\r', { id: 0, method: "watch", params: {} }],
    [
      '{"id":2,"method":"open","door":"ssh","address":"192.0.2.1","forMs":1000}',
      { id: 2, method: "open", params: { door: "ssh", address, forMs: 1000 } },
    ],
    [
      '{"id":3,"method":"close","address":"::ffff:192.0.2.1","cut":true}',
      { id: 3, method: "close", params: { address, cut: true } },
    ],
    [
      '{"id":4,"by":"console","method":"forgive","all":true}',
      { id: 4, method: "forgive", by: "console", params: { all: true } },
    ],
  ])("%s", (text, request) => expect(parse(text)).toEqual(request));
});

describe("a request is refused:", () => {
  test.each([
    ["", null, "the request is not a line of JSON in UTF-8"],
    ["{", null, "the request is not a line of JSON in UTF-8"],
    ["[]", null, "the request is not an object"],
    ["null", null, "the request is not an object"],
    ['{"method":"status"}', null, 'expected "id": a whole number from 0 on'],
    ['{"id":1.5,"method":"status"}', null, 'expected "id": a whole number from 0 on'],
    ['{"id":1}', 1, "there is no method of this kind"],
    ['{"id":1,"method":"stop"}', 1, 'there is no method "stop"'],
    ['{"id":1,"method":"constructor"}', 1, 'there is no method "constructor"'],
    ['{"id":1,"method":"status","x":1}', 1, 'status: "x" is not known here'],
    ['{"id":1,"method":"doors","__proto__":1}', 1, 'doors: "__proto__" is not known here'],
    ...['""', '"a b"', '"\\u001b"', `"${"a".repeat(33)}"`, "1", "null"].map(
      (by): [string, number, string] => [
        `{"id":1,"method":"status","by":${by}}`,
        1,
        'status: "by": expected a name of at most 32 letters, digits, - and _',
      ],
    ),
    ['{"id":1,"method":"open"}', 1, 'open: "door" is missing'],
    ['{"id":1,"method":"open","door":""}', 1, 'open: "door": the name of a door is not empty'],
    ['{"id":1,"method":"open","door":"a\\nb"}', 1, 'open: "door": the name of a door is one line'],
    [
      '{"id":1,"method":"open","door":"a","address":"300.1.1.1"}',
      1,
      'open: "address": expected an IPv4 or IPv6 address',
    ],
    [
      '{"id":1,"method":"open","door":"a","address":"::1","forMs":"10m"}',
      1,
      'open: "forMs": expected a number of milliseconds',
    ],
    [
      '{"id":1,"method":"extend","door":"a","address":"::1","forMs":0}',
      1,
      'extend: "forMs": expected at least 1 millisecond',
    ],
    ['{"id":1,"method":"close"}', 1, "close: expected a door, an address or both, or else all"],
    [
      '{"id":1,"method":"close","door":"a","all":true}',
      1,
      "close: expected a door, an address or both, or else all",
    ],
    ['{"id":1,"method":"close","all":false}', 1, 'close: "all": expected true'],
  ])("%s", (text, id, message) => {
    expect(parse(text)).toMatchObject({ id, error: { code: "USAGE", message } });
  });

  test("bytes that are not UTF-8", () => {
    const line = Buffer.from('{"id":1,"method":"close","door":"\xff"}', "latin1");
    expect(parseRequest(line)).toMatchObject({ id: null, error: { code: "USAGE" } });
  });
});

test("an unknown method is told which there are", () => {
  expect(parse('{"id":1,"method":"stop"}')).toMatchObject({
    error: {
      hints: [
        "methods are status, doors, leases, history, traffic, keys, fleet, close, open, extend, forgive, reload, protect, unprotect, guard, trial, rehearse, watchUser, confirm, watch",
      ],
    },
  });
});

test("what the client writes, the server reads", () => {
  const door = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !name.includes("\n"));
  const requests = fc.record({
    id: fc.nat(),
    method: fc.constant("extend" as const),
    params: fc.record({
      door,
      address: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()).map((w) => new Address(...w)),
      forMs: fc.integer({ min: 1, max: 1e9 }),
    }),
    by: fc.constantFrom("console", "a-b_9"),
  });
  fc.assert(
    fc.property(requests, (request) => {
      const read = parseRequest(Buffer.from(formatRequest(request)));
      // Addresses remember their text once it was asked for.
      expect(encode(read)).toBe(encode(request));
    }),
  );
});

test("no bytes make the parser throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseRequest(bytes)));
  fc.assert(fc.property(fc.json(), (text) => void parse(text)));
});

test("no text in JSON drives a terminal", () => {
  expect(encode({ door: "a\u001b\u009b\u2028b" })).toBe('{"door":"a\\u001b\\u009b\\u2028b"}');
});

test.each([
  [new KnockError("USAGE", "no", { hints: ["yes"] }), "USAGE", "no", ["yes"]],
  [new TypeError("oh"), "INTERNAL", "oh", []],
  ["oh", "INTERNAL", "oh", []],
])("thrown: %s", (thrown, code, message, hints) => {
  expect(toWire(thrown)).toEqual({ code, message, hints });
});

test.each(["", "[]", '{"id":1}', '{"id":"1","result":1}', '{"id":null,"result":1}'])(
  "%j is no answer",
  (text) => {
    expect(() => parseAnswer(Buffer.from(text))).toThrow(
      "knockd answered something that is no answer",
    );
  },
);

test("a result of another version is told as such", () => {
  expect(() => parseResult("protect", { services: [7] })).toThrow(
    'knockd answered "protect" with something else: "services.0"',
  );
});

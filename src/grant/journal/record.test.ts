import fc from "fast-check";
import { expect, test } from "vitest";
import { address } from "../../../test/support/packets.ts";
import { parseNetwork } from "../../base/address.ts";
import { monotonic, wallTime } from "../../base/time.ts";
import type { Access } from "../../firewall/firewall.ts";
import type { Failed, LeaseEvent } from "../lease.ts";
import type { LeaseRecord } from "./record.ts";
import { parseRecord, recordToJson } from "./record.ts";

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const time = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  // JSON does not know -0.
  .map((value) => value + 0);
const text = fc.string({ unit: "binary" });
const protocol = fc.constantFrom("tcp" as const, "udp" as const);
const port = fc.integer({ min: 1, max: 65535 });
const host = fc
  .oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.0/8", "2001:db8::/32"))
  .map(parseNetwork)
  .filter((network) => network !== undefined);
const orNot = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const parts = {
  owner: fc.oneof(
    fc.record({ kind: fc.constant("door" as const), name: text, nth: id }),
    fc.constant({ kind: "trial" as const }),
    fc.record({ kind: fc.constant("lost" as const), nth: id }),
  ),
  source: fc.oneof(fc.ipV4(), fc.ipV6()).map(address),
  knock: orNot(fc.record({ port, protocol })),
};
const commandMethod = fc.record({
  kind: fc.constant("command" as const),
  start: text,
  stop: orNot(text),
  user: orNot(text),
  timeout: orNot(time),
  serial: orNot(text),
});
const nativeMethod = fc.record({
  kind: fc.constant("native" as const),
  services: fc.array(
    fc.oneof(
      fc.constant({ protocol: "icmp" as const }),
      fc.record({ protocol, port }),
      fc.record({ protocol, port, hosts: fc.array(host, { minLength: 1, maxLength: 3 }) }),
    ),
  ),
});
const access: fc.Arbitrary<Access> = fc.oneof(
  fc.record({ ...parts, method: commandMethod }),
  fc.record({ ...parts, method: nativeMethod }),
);

const moment = time.map(monotonic);
const date = time.map(wallTime);

const result: fc.Arbitrary<Failed> = fc.oneof(
  fc.record({ kind: fc.constant("failed" as const), status: fc.integer() }),
  fc.record({ kind: fc.constant("killed" as const), signal: text }),
  fc.record({ kind: fc.constant("timed-out" as const) }),
  fc.record({ kind: fc.constant("not-started" as const), reason: text }),
);
const failure = fc.record({ result, attempts: id, runs: fc.nat(), since: moment });

const event: fc.Arbitrary<LeaseEvent> = fc.oneof(
  fc.record({ op: fc.constant("close" as const), id, failure }),
  fc.record({ op: fc.constant("open" as const), id, access, length: time, since: moment }),
  fc.record({ op: fc.constantFrom("opened" as const, "extend" as const), id, due: moment }),
  fc.record({ op: fc.constantFrom("close" as const, "closed" as const), id }),
);
const record: fc.Arbitrary<LeaseRecord> = fc.oneof(
  event,
  fc.record({ op: fc.constant("start" as const), boot: text, now: moment, wall: date }),
);

function throughJson(value: unknown): LeaseRecord | undefined {
  return parseRecord(JSON.parse(JSON.stringify(value)));
}

test("whatever happened, its line reads back as the same", () => {
  fc.assert(
    fc.property(record, (written) => {
      expect(throughJson(recordToJson(written))).toEqual(written);
    }),
  );
});

const open = {
  op: "open",
  id: 1,
  passage: {
    door: "ssh",
    nth: 1,
    source: "192.0.2.7",
    way: { kind: "command", start: "a", stop: "b" },
  },
  length: 10,
  since: 0,
};

test("what was absent is undefined, and what is not known to us is left out", () => {
  const strange = { ...open, colour: "red" };
  expect(throughJson(strange)).toEqual({
    op: "open",
    id: 1,
    access: {
      owner: { kind: "door", name: "ssh", nth: 1 },
      source: address("192.0.2.7"),
      knock: undefined,
      method: { kind: "command", start: "a", stop: "b", user: undefined, timeout: undefined },
    },
    length: 10,
    since: 0,
  });
});

test("a failure that cannot be read does not hide that the lease was being closed", () => {
  const line = { op: "close", id: 1, failure: { result: { kind: "melted" } } };
  expect(throughJson(line)).toEqual({ op: "close", id: 1 });
});

const passageWith = (more: object) => ({ ...open, passage: { ...open.passage, ...more } });

test("the trial of knockctl guard has the name that version 0.1 gave it", () => {
  const services = [{ protocol: "tcp", port: 22 }];
  const line = passageWith({ door: "knockctl guard", way: { kind: "native", services } });
  const read = throughJson(line);
  expect(read).toMatchObject({ op: "open", access: { owner: { kind: "trial" } } });
  expect(read && recordToJson(read)).toEqual(line);
});

test.each<[string, unknown]>([
  ["nothing", null],
  ["a number", 1],
  ["a list", [open]],
  ["no operation", { id: 1 }],
  ["an unknown operation", { op: "burn", id: 1 }],
  ["an operation that every object inherits", { op: "constructor", id: 1 }],
  ["no number", { op: "close" }],
  ["a number as text", { op: "close", id: "1" }],
  ["a number below 1", { op: "close", id: 0 }],
  ["a number that is none", { op: "close", id: 1.5 }],
  ["a number that is too large to be exact", { op: "close", id: 2 ** 53 }],
  ["no time", { op: "opened", id: 1 }],
  ["a time that JSON cannot write", { op: "opened", id: 1, due: null }],
  ["no passage", { op: "open", id: 1, length: 1, since: 1 }],
  ["no address", passageWith({ source: "gate" })],
  ["an address that is none", passageWith({ source: 1 })],
  ["no way to open", passageWith({ way: { kind: "magic" } })],
  ["a command that is none", passageWith({ way: { kind: "command", start: 1 } })],
  ["a service that is none", passageWith({ way: { kind: "native", services: ["tcp/22"] } })],
  ["a port that is none", passageWith({ knock: { port: 65536, protocol: "tcp" } })],
  ["a protocol that is none", passageWith({ knock: { port: 1, protocol: "icmp" } })],
  ["a start without a boot", { op: "start", now: 1, wall: 1 }],
])("a line is none of ours with %s", (_, value) => {
  expect(parseRecord(value)).toBeUndefined();
});

test("no JSON at all makes it throw", () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.tuple(fc.constantFrom("open", "opened", "close"), fc.jsonValue()).map(([op, value]) => ({
      ...(typeof value === "object" ? value : { id: value }),
      op,
    })),
    fc.jsonValue().map((value) => ({ ...open, passage: value })),
    fc.jsonValue().map((value) => passageWith({ way: value })),
  );
  fc.assert(
    fc.property(json, (value) => {
      const parsed = parseRecord(value);
      if (parsed !== undefined) expect(throughJson(recordToJson(parsed))).toEqual(parsed);
    }),
    { numRuns: 2000 },
  );
});

import { describe, expect, test } from "vitest";
import { address } from "../../test/support/packets.ts";
import { wallTime } from "../base/time.ts";
import { stampOf } from "./lease-history.ts";
import type { FleetRecord } from "./record.ts";
import { formatRecord, isOverdue, readRecord } from "./record.ts";
import { FleetSeal, longestSealed } from "./seal.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime, highestStamp } from "./stamp.ts";
import type { FleetSubject } from "./subject.ts";
import { scopesOf } from "./subject.ts";

const holder = {
  kind: "holder",
  door: "ssh",
  nth: 2,
  source: address("2001:db8::7"),
  who: "alice/laptop",
} as const;

const told = {
  until: fleetTime(9000),
  origin: "gw-1",
  date: wallTime(1_767_225_612_000),
  left: 8000,
};

const record = (subject: FleetSubject, closed: number, ...openings: [number, number][]) => ({
  ...told,
  subject,
  history: {
    closed: closed as FleetStamp,
    openings: openings.map(([stamp, end]) => ({ stamp: stamp as FleetStamp, end: fleetTime(end) })),
  },
});

const read = (one: FleetRecord) => readRecord(formatRecord(one), stampOf(one.history));

describe("the content of a record", () => {
  test.each<[string, FleetRecord]>([
    ["an opening", record(holder, 0, [2000, 9000])],
    [
      "a closing and two openings",
      record({ ...holder, who: "" }, 2001, [2004, 8000], [2002, 9000]),
    ],
    ...scopesOf(holder).map((scope): [string, FleetRecord] => [
      `a closing of ${scope.kind}`,
      record(scope, 2001),
    ]),
  ])("is read as it was written: %s", (_, one) => {
    expect(read(one)).toEqual({ kind: "record", record: one });
  });

  test("may have members that this version does not know", () => {
    const one = record(holder, 0, [2000, 9000]);
    const later = { ...JSON.parse(formatRecord(one)), color: "red" };
    expect(readRecord(JSON.stringify(later), 2000 as FleetStamp)).toEqual({
      kind: "record",
      record: one,
    });
  });

  test("of an unknown operation is told apart from a malformed one", () => {
    expect(readRecord('{"op":"vote"}', 2000 as FleetStamp)).toEqual({ kind: "unknown" });
  });

  test.each<[string, (json: Record<string, unknown>) => unknown]>([
    ["no object", () => []],
    ["no operation", ({ op: _, ...rest }) => rest],
    ["no subject", ({ subject: _, ...rest }) => rest],
    ["an unknown kind of subject", (json) => ({ ...json, subject: { kind: "moon" } })],
    ["an opening of a scope", (json) => ({ ...json, subject: { kind: "all" } })],
    ["a source that is no address", (json) => ({ ...json, subject: { ...holder, source: "x" } })],
    ["a door without a name", (json) => ({ ...json, subject: { ...holder, door: "" } })],
    ["a NUL in a name", (json) => ({ ...json, subject: { ...holder, door: "a\0b" } })],
    ["a long name", (json) => ({ ...json, subject: { ...holder, door: "x".repeat(256) } })],
    ["the door 0", (json) => ({ ...json, subject: { ...holder, nth: 0 } })],
    ["an even closing", (json) => ({ ...json, closed: 1998 })],
    ["an odd opening", (json) => ({ ...json, openings: [[2001, 9000]] })],
    ["an opening that is none", (json) => ({ ...json, openings: [[2000]] })],
    ["an end before all times", (json) => ({ ...json, openings: [[2000, -1]] })],
    ["a stamp that is too high", (json) => ({ ...json, openings: [[highestStamp + 2, 9000]] })],
    ["a closing that is newer", (json) => ({ ...json, closed: 2001 })],
    ["an older stamp", (json) => ({ ...json, openings: [[1998, 9000]] })],
    [
      "too many openings",
      (json) => ({
        ...json,
        openings: Array.from({ length: 17 }, (_, i) => [2000 - 2 * i, 9000 + i]),
      }),
    ],
    ["no date", (json) => ({ ...json, date: "now" })],
    ["no origin", ({ origin: _, ...rest }) => rest],
  ])("is refused: %s", (_, change) => {
    const json = JSON.parse(formatRecord(record(holder, 0, [2000, 9000])));
    expect(readRecord(JSON.stringify(json), 2000 as FleetStamp).kind).toBe("record");
    expect(readRecord(JSON.stringify(change(json)), 2000 as FleetStamp)).toEqual({
      kind: "malformed",
    });
  });

  test("fits a sealed record with the longest names and the most openings", () => {
    const name = "\u{1f511}".repeat(127);
    const openings = Array.from({ length: 16 }, (_, i): [number, number] => [
      highestStamp - 2 * i,
      highestStamp + i,
    ]);
    const longest = {
      ...record({ ...holder, door: name, who: name }, 1, ...openings),
      origin: name,
    };
    expect(read(longest).kind).toBe("record");
    const place = { field: "x".repeat(20), stamp: highestStamp as FleetStamp };
    const seal = new FleetSeal("office", [Buffer.alloc(32)]);
    const sealed = seal.seal(place, formatRecord(longest));
    expect(sealed.length).toBeLessThanOrEqual(longestSealed);
    expect(seal.open(place, sealed).kind).toBe("opened");
  });
});

test("a record is overdue 5 minutes after its end, by the dates of both gateways", () => {
  const one = record(holder, 0, [2000, 9000]);
  const end = one.date + one.left;
  expect(isOverdue(one, wallTime(end + 300_000))).toBe(false);
  expect(isOverdue(one, wallTime(end + 300_001))).toBe(true);
});

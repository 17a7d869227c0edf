import { expect, test } from "vitest";
import { holderOfSource } from "../../test/support/fleet-bench.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { later, wallTime } from "../base/time.ts";
import { FleetClock } from "./fleet-clock.ts";
import { Incoming } from "./incoming.ts";
import { stampOf } from "./lease-history.ts";
import type { FleetRecord } from "./record.ts";
import { formatRecord } from "./record.ts";
import { FleetSeal } from "./seal.ts";
import { SharedLeases } from "./shared-leases.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";

const date = wallTime(1_767_225_600_000);
const key = Buffer.alloc(32, 7);
const [here, there] = [new FleetSeal("office", [key]), new FleetSeal("office", [key])];

function make() {
  const clock = new ManualClock(date);
  const leases = new SharedLeases("gw-9");
  const fleetClock = new FleetClock(clock);
  return { leases, incoming: new Incoming({ seal: here, clock, fleetClock, leases }) };
}

const opening: FleetRecord = {
  subject: holderOfSource(7),
  history: {
    closed: 0 as FleetStamp,
    openings: [{ stamp: (2 * date) as FleetStamp, end: fleetTime(date + 60_000) }],
  },
  until: fleetTime(date + 60_000),
  ...{ origin: "gw-2", date, left: 60_000 },
};

function sealed(record: FleetRecord, seal = there, content = formatRecord(record)) {
  const place = { field: "x".repeat(20), stamp: stampOf(record.history) };
  return { ...place, sealed: seal.seal(place, content) };
}

test.each([
  ["merged", sealed(opening)],
  ["own", sealed(opening, here)],
  ["foreign", sealed(opening, new FleetSeal("office", [Buffer.alloc(32, 8)]))],
  ["foreign", { ...sealed(opening), sealed: Buffer.alloc(0) }],
  ["forged", { ...sealed(opening), field: "y".repeat(20) }],
  ["unknown", sealed(opening, there, '{"op":"vote"}')],
  ["malformed", sealed(opening, there, "{")],
  ["over", sealed({ ...opening, until: fleetTime(date) })],
  ["over", sealed({ ...opening, date: later(date, -400_000) })],
] as const)("a row is counted as what it is: %s", (result, row) => {
  const { incoming, leases } = make();
  const { records, changes } = incoming.merge(incoming.read([row]));
  expect(incoming.counts[result]).toBe(1);
  expect(Object.values(incoming.counts).reduce((a, b) => a + b)).toBe(1);
  expect([records.length, changes.length, leases.size]).toEqual(
    result === "merged" ? [1, 1, 1] : [0, 0, 0],
  );
});

test("openings are refused from 40,000 on, but not longer ones of those, nor closings", () => {
  const { incoming, leases } = make();
  const holders = Array.from({ length: 39_999 }, (_, i) => ({ ...holderOfSource(1), nth: i + 2 }));
  leases.replace(holders.map((subject) => ({ ...opening, subject })));
  const others = [7, 8, 9].map((n) => sealed({ ...opening, subject: holderOfSource(n) }));
  incoming.merge(incoming.read(others));
  expect(incoming.counts).toMatchObject({ merged: 1, refused: 2 });
  const longer = { stamp: (2 * date + 2) as FleetStamp, end: fleetTime(date + 90_000) };
  const history = { ...opening.history, openings: [longer] };
  const closed = { closed: (2 * date + 5) as FleetStamp, openings: [] };
  const { changes } = incoming.merge(incoming.read([sealed({ ...opening, history })]));
  expect(changes).toMatchObject([
    { before: { end: date + 60_000 }, after: { end: date + 90_000 } },
  ]);
  incoming.merge(
    incoming.read([sealed({ ...opening, subject: { kind: "all" }, history: closed })]),
  );
  expect(leases.endOf(holderOfSource(7))).toBeUndefined();
});

test("of what is new no more than 100,000 subjects are kept, closings included", () => {
  const { incoming, leases } = make();
  const known = Array.from({ length: 99_999 }, (_, i) => ({
    ...{ ...opening, subject: { kind: "door", door: `d${i}` } as const },
    history: { closed: 1 as FleetStamp, openings: [] },
  }));
  leases.replace(known);
  const closed = { closed: (2 * date + 1) as FleetStamp, openings: [] };
  const subjects = ["a", "b", "d7"].map((door) => ({ kind: "door", door }) as const);
  incoming.merge(
    incoming.read(subjects.map((subject) => sealed({ ...opening, subject, history: closed }))),
  );
  expect(incoming.counts).toMatchObject({ merged: 2, refused: 1 });
  expect(leases.get({ kind: "door", door: "d7" })?.history).toEqual(closed);
});

test("what was told in the future ends when it was meant to, and one that is late is no such", () => {
  const hour = 3_600_000;
  const { incoming, leases } = make();
  const toldLater = (by: number) => {
    const stamp = (2 * (date + by)) as FleetStamp;
    const until = fleetTime(date + by + 60_000);
    return {
      ...opening,
      history: { ...opening.history, openings: [{ stamp, end: until }] },
      until,
    };
  };
  const outOfTime = (by: number) => incoming.isOutOfTime(incoming.read([sealed(toldLater(by))]));
  expect([hour, 1_001, 999, 0, -999, -1_001].map(outOfTime)).toEqual([
    ...[true, true, false, false, false, true],
  ]);
  incoming.merge(incoming.read([sealed(toldLater(hour))]));
  expect(leases.endOf(holderOfSource(7))).toBe(date + 60_000);
  const late = incoming.read([sealed(toldLater(-30_000))]);
  expect(incoming.delays(late)).toEqual([30_000]);
});

test("an opening that is over by the dates of both is none, and its closing counts all the same", () => {
  const { incoming, leases } = make();
  incoming.merge(incoming.read([sealed(opening)]));
  const closed = (2 * date + 1) as FleetStamp;
  const again = { stamp: (2 * date + 2) as FleetStamp, end: fleetTime(date + 90_000) };
  const told = {
    ...opening,
    date: later(date, -4_000_000),
    history: { closed, openings: [again] },
  };
  incoming.merge(incoming.read([sealed(told)]));
  expect(leases.get(opening.subject)?.history).toEqual({ closed, openings: [] });
  expect(incoming.counts).toMatchObject({ merged: 2, over: 0 });
});

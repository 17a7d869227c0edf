import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tries } from "../../test/support/effort.ts";
import { address } from "../../test/support/packets.ts";
import type { FleetKnowledge } from "./knowledge.ts";
import { mostOpenings, SharedLeases } from "./shared-leases.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";
import type { ClosingScope, FleetSubject, HolderSubject } from "./subject.ts";
import { isInScope, keyOfSubject, scopesOf } from "./subject.ts";

const sources = ["192.0.2.7", "2001:db8::7"].map(address);
const [source = address("192.0.2.7")] = sources;
const holder: HolderSubject = { kind: "holder", door: "ssh", nth: 1, source, who: "" };
const named: HolderSubject = { ...holder, who: "alice/laptop" };
const hour = 3_600_000;

const holders = fc.record({
  kind: fc.constant("holder" as const),
  door: fc.constantFrom("ssh", "web"),
  nth: fc.constantFrom(1, 2),
  source: fc.constantFrom(...sources),
  who: fc.constantFrom("", "alice/laptop", "bob/phone"),
});

const scopes: fc.Arbitrary<ClosingScope> = holders.chain((one) =>
  fc.constantFrom(...scopesOf(one)),
);

/** What is done at one of three gateways, `ahead` milliseconds after the last act anywhere. */
interface PlannedAct {
  readonly gateway: number;
  readonly ahead: number;
  readonly subject: FleetSubject;
  readonly length: number;
  readonly opens: boolean;
  /** Which of the others have heard all that was told before. */
  readonly heard: readonly boolean[];
}

const act: fc.Arbitrary<PlannedAct> = fc.record({
  gateway: fc.nat({ max: 2 }),
  ahead: fc.nat({ max: 3 }),
  subject: fc.oneof(holders, scopes),
  length: fc.integer({ min: 1, max: 50 }),
  opens: fc.boolean(),
  heard: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
});

const stateOf = (leases: SharedLeases) =>
  new Map([...leases.values()].map((one) => [keyOfSubject(one.subject), one]));

describe("what gateways know", () => {
  test("becomes one state, whatever the order in which they hear of it", () => {
    const story = fc.tuple(
      fc.array(act, { maxLength: 12 }),
      // The clocks of the gateways.
      fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(story, fc.infiniteStream(fc.nat()), ([acts, skews], picks) => {
        const gateways = skews.map(() => new SharedLeases("gw-1"));
        const told: FleetKnowledge[] = [];
        let time = 1000;
        for (const { gateway, ahead, subject, length, opens, heard } of acts) {
          const leases = gateways[gateway] ?? new SharedLeases("gw-1");
          time += ahead;
          const now = fleetTime(time + (skews[gateway] ?? 0));
          const closes = !opens || subject.kind !== "holder";
          told.push(
            closes
              ? leases.close(subject, now, hour)
              : leases.open(subject, now, fleetTime(now + length)),
          );
          for (const [i, other] of gateways.entries()) if (heard[i]) other.merge(told);
        }
        const shuffled = told
          .map((one) => ({ one, place: picks.next().value ?? 0 }))
          .sort((a, b) => a.place - b.place)
          .map(({ one }) => one);
        for (const [i, leases] of gateways.entries()) {
          for (const one of i === 0 ? told : shuffled) leases.merge([one]);
          leases.merge(shuffled.slice(0, 3));
        }
        const [first, ...others] = gateways.map(stateOf);
        for (const other of others) {
          expect([...other].sort()).toEqual([...(first ?? [])].sort());
        }
      }),
      { numRuns: tries(500) },
    );
  });

  test("an opening lives if no closing of its holder or of a scope around it is newer", () => {
    const history = fc.array(
      fc.record({
        subject: fc.oneof(holders, scopes),
        time: fc.integer({ min: 1, max: 12 }),
        end: fc.integer({ min: 1, max: 20 }),
        opens: fc.boolean(),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(history, holders, (planned, asked) => {
        const changes = planned.map((one) => ({
          ...one,
          opens: one.opens && one.subject.kind === "holder",
        }));
        const leases = new SharedLeases("gw-1");
        for (const { subject, time, end, opens } of changes) {
          const openings = [{ stamp: (2 * time) as FleetStamp, end: fleetTime(end) }];
          const history = opens
            ? { closed: 0 as FleetStamp, openings }
            : { closed: (2 * time + 1) as FleetStamp, openings: [] };
          leases.merge([{ subject, history, until: fleetTime(100), origin: "gw-2" }]);
        }
        const concerns = (subject: FleetSubject) =>
          subject.kind === "holder"
            ? keyOfSubject(subject) === keyOfSubject(asked)
            : isInScope(subject, asked);
        const own = changes.filter(({ subject }) => concerns(subject));
        const closed = Math.max(0, ...own.filter((one) => !one.opens).map((one) => one.time));
        const alive = own.filter((one) => one.opens && one.time > closed);
        const end = alive.length === 0 ? undefined : Math.max(...alive.map((one) => one.end));
        expect(leases.endOf(asked)).toBe(end);
      }),
      { numRuns: tries(1_000) },
    );
  });

  test("is kept until it has no more effect", () => {
    const leases = new SharedLeases("gw-1");
    leases.open(holder, fleetTime(1000), fleetTime(5000));
    const { until } = leases.close({ kind: "door", door: "ssh" }, fleetTime(1001), 10);
    expect(until).toBe(5000);
    leases.expire(fleetTime(4999));
    expect(leases.size).toBe(2);
    leases.expire(fleetTime(5000));
    expect(leases.size).toBe(0);
  });
});

describe("changes at one gateway", () => {
  test.each<ClosingScope>([
    { kind: "door-source", door: "ssh", source },
    { kind: "door", door: "ssh" },
    { kind: "source", source },
    { kind: "who", who: "alice/laptop" },
    { kind: "all" },
  ])("a knock after a closing of scope $kind opens, though this clock is behind", (scope) => {
    const [fast, slow] = [new SharedLeases("gw-1"), new SharedLeases("gw-1")];
    slow.merge([fast.open(named, fleetTime(1000), fleetTime(9000))]);
    const closing = fast.close(scope, fleetTime(1003), hour);
    expect(slow.merge([closing])).toMatchObject([
      { holder: named, before: { end: 9000 }, after: undefined, origin: "gw-1" },
    ]);
    slow.open(named, fleetTime(1000), fleetTime(8000));
    expect(slow.endOf(named)).toBe(8000);
  });

  test("a closing of a scope closes what it knows of, though this clock is behind", () => {
    const [fast, slow] = [new SharedLeases("gw-1"), new SharedLeases("gw-1")];
    slow.merge([fast.open(named, fleetTime(1003), fleetTime(9000))]);
    slow.close({ kind: "all" }, fleetTime(1000), hour);
    expect(slow.endOf(named)).toBeUndefined();
  });

  test("what the kernel opened before a closing that was told since is closed", () => {
    const leases = new SharedLeases("gw-1");
    leases.close({ kind: "door", door: "ssh" }, fleetTime(2000), hour);
    leases.adopt(holder, fleetTime(3000), fleetTime(1500), fleetTime(9000));
    expect(leases.endOf(holder)).toBeUndefined();
    leases.adopt(holder, fleetTime(3000), fleetTime(2500), fleetTime(9000));
    expect(leases.endOf(holder)).toBe(9000);
  });

  test("a record never has more openings than it may, and the latest end stays", () => {
    const leases = new SharedLeases("gw-1");
    let last = 0;
    for (let i = 0; i < 3 * mostOpenings; i++) {
      const { history } = leases.open(holder, fleetTime(1000 + i), fleetTime(9000 - i));
      last = Math.max(last, history.openings.length);
      expect(leases.endOf(holder)).toBe(9000);
    }
    expect(last).toBe(mostOpenings);
  });

  test("openings that a scope has closed do not come back where there are too many", () => {
    const leases = new SharedLeases("gw-1");
    for (let i = 0; i < mostOpenings; i++) {
      leases.open(holder, fleetTime(1000 + i), fleetTime(9000 - i));
    }
    leases.close({ kind: "all" }, fleetTime(2000), hour);
    leases.open(holder, fleetTime(3000), fleetTime(4000));
    expect(leases.endOf(holder)).toBe(4000);
  });

  test("what opens and closes in one batch changes nothing, in either order", () => {
    const other = new SharedLeases("gw-1");
    const opening = other.open(holder, fleetTime(1000), fleetTime(9000));
    const closing = other.close({ kind: "source", source }, fleetTime(1001), hour);
    expect(new SharedLeases("gw-1").merge([opening, closing])).toEqual([]);
    expect(new SharedLeases("gw-1").merge([closing, opening])).toEqual([]);
    expect(new SharedLeases("gw-1").merge([opening])).toHaveLength(1);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { address } from "../../test/packets.ts";
import type { Lease } from "./ledger.ts";
import { Ledger } from "./ledger.ts";

function makeLease(length = 1000, door = "ssh", source = "192.0.2.7", stop = "stop"): Lease {
  const where = { door, nth: 1, source: address(source), port: 7000, protocol: "tcp" as const };
  return { passage: { ...where, start: "start", stop }, length };
}

describe("a lease", () => {
  test("counts from the end of its start command", () => {
    const ledger = new Ledger();
    expect(ledger.knock(makeLease(), 0)).toBe("open");
    expect(ledger.nextDue).toBeUndefined();
    expect(ledger.takeDue(5000)).toEqual([]);
    ledger.opened(makeLease(), 5000);
    expect(ledger.nextDue).toBe(6000);
    expect(ledger.takeDue(5999)).toEqual([]);
    expect(ledger.takeDue(6000)).toHaveLength(1);
    expect(ledger.takeDue(7000)).toEqual([]);
  });

  test("is extended by a knock while it is open, and ends once", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(), 0);
    ledger.opened(makeLease(), 0);
    expect(ledger.knock(makeLease(), 900)).toBe("extended");
    expect(ledger.nextDue).toBe(1900);
    expect(ledger.takeDue(1899)).toEqual([]);
    expect(ledger.takeDue(1900)).toHaveLength(1);
    expect(ledger.takeDue(9999)).toEqual([]);
  });

  test("is extended by a knock while it is being opened, but never made shorter", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(1000), 0);
    expect(ledger.knock(makeLease(3000), 100)).toBe("extended");
    ledger.opened(makeLease(1000), 200);
    expect(ledger.nextDue).toBe(3100);
    ledger.knock(makeLease(10), 300);
    expect(ledger.nextDue).toBe(3100);
  });

  test("ends once, too, when a knock does not make it longer", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(1000), 0);
    ledger.opened(makeLease(1000), 0);
    ledger.knock(makeLease(10), 500);
    expect(ledger.takeDue(1000)).toHaveLength(1);
  });

  test("is closed by what belongs to the command that opened it", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(1000, "ssh", "192.0.2.7", "old stop"), 0);
    ledger.opened(makeLease(), 0);
    ledger.knock(makeLease(1000, "ssh", "192.0.2.7", "new stop"), 1);
    expect(ledger.takeDue(1001).map(({ passage }) => passage.stop)).toEqual(["old stop"]);
  });

  test("opens again after its closing if a knock came meanwhile", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(), 0);
    ledger.opened(makeLease(), 0);
    ledger.takeDue(1000);
    const again = makeLease(2000);
    expect(ledger.knock(again, 1001)).toBe("waiting");
    expect(ledger.takeDue(9999)).toEqual([]);
    expect(ledger.closed(makeLease())).toBe(again);
    expect(ledger.leases).toEqual([]);
    expect(ledger.knock(again, 1002)).toBe("open");
  });

  test("may end at once", () => {
    const ledger = new Ledger();
    ledger.knock(makeLease(0), 5);
    ledger.opened(makeLease(0), 5);
    expect(ledger.takeDue(5)).toHaveLength(1);
  });

  test("belongs to one door and one source", () => {
    const ledger = new Ledger();
    const names = [makeLease(), makeLease(1, "web"), makeLease(1, "ssh", "2001:db8::7")];
    expect(names.map((one) => ledger.knock(one, 0))).toEqual(["open", "open", "open"]);
    expect(ledger.leases).toHaveLength(3);
  });
});

interface Model {
  state: "opening" | "open" | "closing";
  due: number;
  again: boolean;
}

test("each lease is closed exactly once, never before its time and never forgotten", () => {
  const whose = fc.constantFrom("a", "b");
  const operation = fc.oneof(
    fc.record({ knock: whose, length: fc.constantFrom(0, 10, 50, 100) }),
    fc.record({ knock: whose, length: fc.constantFrom(0, 10, 50, 100) }),
    fc.record({ opened: whose }),
    fc.record({ closed: whose }),
    fc.record({ wait: fc.nat(60) }),
    fc.record({ wait: fc.nat(60) }),
    fc.record({ all: fc.constant(true) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const ledger = new Ledger();
      const model = new Map<string, Model>();
      let now = 0;
      const take = (taken: readonly Lease[], due: (entry: Model) => boolean) => {
        const expected = [...model].filter(([, entry]) => entry.state === "open" && due(entry));
        for (const [, entry] of expected) entry.state = "closing";
        expect(taken.map(({ passage }) => passage.door).sort()).toEqual(
          expected.map(([door]) => door).sort(),
        );
      };
      for (const operation of operations) {
        if ("knock" in operation) {
          const { knock: door, length } = operation;
          const entry = model.get(door);
          const answer = ledger.knock(makeLease(length, door), now);
          if (entry === undefined) {
            expect(answer).toBe("open");
            model.set(door, { state: "opening", due: now + length, again: false });
          } else if (entry.state === "closing") {
            expect(answer).toBe("waiting");
            entry.again = true;
          } else {
            expect(answer).toBe("extended");
            entry.due = Math.max(entry.due, now + length);
          }
        } else if ("opened" in operation) {
          const entry = model.get(operation.opened);
          if (entry?.state !== "opening") continue;
          entry.state = "open";
          entry.due = Math.max(entry.due, now + 30);
          ledger.opened(makeLease(30, operation.opened), now);
        } else if ("closed" in operation) {
          const entry = model.get(operation.closed);
          if (entry?.state !== "closing") continue;
          model.delete(operation.closed);
          const again = ledger.closed(makeLease(1, operation.closed));
          expect(again !== undefined).toBe(entry.again);
        } else if ("wait" in operation) {
          now += operation.wait;
          take(ledger.takeDue(now), (entry) => entry.due <= now);
        } else take(ledger.takeAll(), () => true);
        const open = [...model.values()].filter(({ state }) => state === "open");
        const dues = open.map(({ due }) => due);
        expect(ledger.nextDue).toBe(dues.length === 0 ? undefined : Math.min(...dues));
        expect(ledger.leases).toHaveLength(model.size);
      }
    }),
    { numRuns: 1000 },
  );
});

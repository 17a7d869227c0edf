import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Who } from "../../test/support/accesses.ts";
import { byCommands } from "../../test/support/accesses.ts";
import { address } from "../../test/support/packets.ts";
import { monotonic } from "../base/time.ts";
import type { LeaseEvent } from "./lease.ts";
import { Ledger } from "./ledger.ts";

/** A ledger that these events have been told. */
function told(...events: readonly LeaseEvent[]): Ledger {
  const ledger = new Ledger();
  for (const event of events) ledger.apply(event);
  return ledger;
}

function open(id: number, since = 0, length = 1000, who: Who = {}): LeaseEvent {
  return { op: "open", id, access: byCommands(who), length, since: monotonic(since) };
}

describe("a lease", () => {
  test("is due for nobody before it is open, and then at the time that is told", () => {
    const ledger = told(open(1));
    expect(ledger.get(1)).toMatchObject({ state: { kind: "queued" }, since: 0, due: 1000 });
    expect(ledger.nextDue).toBeUndefined();
    expect(ledger.takeDue(monotonic(5000))).toEqual([]);
    ledger.apply({ op: "opened", id: 1, due: monotonic(6000) });
    expect(ledger.nextDue).toBe(6000);
    expect(ledger.takeDue(monotonic(5999))).toEqual([]);
    expect(ledger.takeDue(monotonic(6000))).toHaveLength(1);
    expect(ledger.takeDue(monotonic(7000))).toEqual([]);
  });

  test("is extended while it is open, and ends once", () => {
    const ledger = told(open(1), { op: "opened", id: 1, due: monotonic(1000) });
    ledger.apply({ op: "extend", id: 1, due: monotonic(1900) });
    expect(ledger.nextDue).toBe(1900);
    expect(ledger.takeDue(monotonic(1899))).toEqual([]);
    expect(ledger.takeDue(monotonic(1900))).toHaveLength(1);
    expect(ledger.takeDue(monotonic(9999))).toEqual([]);
  });

  test("ends earlier, and once, too, if somebody says so", () => {
    const ledger = told(open(1), { op: "opened", id: 1, due: monotonic(1000) });
    ledger.apply({ op: "extend", id: 1, due: monotonic(10) });
    expect(ledger.takeDue(monotonic(10))).toHaveLength(1);
    expect(ledger.takeDue(monotonic(9999))).toEqual([]);
  });

  test("that was extended while it was being opened is not made shorter by that", () => {
    const ledger = told(open(1), { op: "extend", id: 1, due: monotonic(3100) });
    ledger.apply({ op: "opened", id: 1, due: monotonic(1200) });
    expect(ledger.nextDue).toBe(3100);
  });

  test("is not due while it is being closed, and gone afterwards", () => {
    const ledger = told(
      open(1),
      { op: "opened", id: 1, due: monotonic(5) },
      { op: "close", id: 1 },
    );
    expect(ledger.get(1)?.state.kind).toBe("closing");
    expect(ledger.nextDue).toBeUndefined();
    expect(ledger.takeDue(monotonic(9999))).toEqual([]);
    expect(ledger.size).toBe(1);
    ledger.apply({ op: "closed", id: 1 });
    expect([ledger.size, ledger.leases, ledger.find(byCommands())]).toEqual([0, [], undefined]);
  });

  test("that is gone is not called back by what is told late", () => {
    const ledger = told(open(1), { op: "closed", id: 1 });
    ledger.apply({ op: "opened", id: 1, due: monotonic(5) });
    ledger.apply({ op: "extend", id: 1, due: monotonic(5) });
    ledger.apply({ op: "close", id: 1 });
    ledger.apply({ op: "closed", id: 1 });
    expect(ledger.size).toBe(0);
  });

  test("keeps the access that opened it", () => {
    const ledger = told(open(1), { op: "opened", id: 1, due: monotonic(1000) });
    expect(ledger.takeDue(monotonic(1000)).map(({ access }) => access)).toEqual([byCommands()]);
  });

  test("may end at once", () => {
    const ledger = told(open(1, 5, 0), { op: "opened", id: 1, due: monotonic(5) });
    expect(ledger.takeDue(monotonic(5))).toHaveLength(1);
  });

  test("has a number that no other has had", () => {
    const ledger = told(open(7), { op: "closed", id: 7 });
    expect(ledger.nextId).toBe(8);
  });

  test("belongs to one door and one source", () => {
    const owners: Who[] = [
      {},
      { nth: 2 },
      { door: "web" },
      { source: address("2001:db8::7") },
      // Not to be taken for the second door "ssh".
      { door: "ssh 2" },
    ];
    const ledger = told(...owners.map((who, i) => open(i + 1, 0, 1000, who)));
    expect(owners.map((who) => ledger.find(byCommands(who))?.id)).toEqual([1, 2, 3, 4, 5]);
    ledger.apply({ op: "closed", id: 2 });
    expect(owners.map((who) => ledger.find(byCommands(who))?.id)).toEqual([1, undefined, 3, 4, 5]);
  });
});

interface Model {
  state: "queued" | "open" | "closing";
  due: number;
}

test("each lease is taken exactly once for each time that it is due, and none is forgotten", () => {
  const id = fc.constantFrom(1, 2, 3);
  const operation = fc.oneof(
    fc.record({ opened: id, after: fc.nat(60) }),
    fc.record({ extend: id, after: fc.nat(60) }),
    fc.record({ close: id }),
    fc.record({ closed: id }),
    fc.record({ open: id, after: fc.constantFrom(0, 10, 50) }),
    fc.record({ wait: fc.nat(40) }),
    fc.record({ wait: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const ledger = new Ledger();
      const model = new Map<number, Model>();
      let now = 0;
      for (const operation of operations) {
        if ("wait" in operation) {
          now += operation.wait;
          const due = [...model].filter(([, one]) => one.state === "open" && one.due <= now);
          const taken = ledger.takeDue(monotonic(now)).map((lease) => lease.id);
          expect(taken.sort()).toEqual(due.map(([number]) => number).sort());
          for (const [number, one] of due) {
            one.state = "closing";
            ledger.apply({ op: "close", id: number });
          }
        } else if ("open" in operation) {
          const { open: number, after } = operation;
          if (model.has(number)) continue;
          model.set(number, { state: "queued", due: now + after });
          ledger.apply(open(number, now, after, { door: `door ${number}` }));
        } else if ("opened" in operation) {
          const one = model.get(operation.opened);
          if (one !== undefined && one.state !== "queued") continue;
          const due = now + operation.after;
          if (one !== undefined) {
            one.due = Math.max(one.due, due);
            one.state = "open";
          }
          ledger.apply({ op: "opened", id: operation.opened, due: monotonic(due) });
        } else if ("extend" in operation) {
          const one = model.get(operation.extend);
          if (one !== undefined) one.due = now + operation.after;
          ledger.apply({
            op: "extend",
            id: operation.extend,
            due: monotonic(now + operation.after),
          });
        } else if ("close" in operation) {
          const one = model.get(operation.close);
          if (one !== undefined) one.state = "closing";
          ledger.apply({ op: "close", id: operation.close });
        } else {
          model.delete(operation.closed);
          ledger.apply({ op: "closed", id: operation.closed });
        }
        const open_ = [...model.values()].filter(({ state }) => state === "open");
        const dues = open_.map(({ due }) => due);
        expect(ledger.nextDue).toBe(dues.length === 0 ? undefined : Math.min(...dues));
        expect(ledger.leases.map((lease) => lease.id).sort()).toEqual([...model.keys()].sort());
      }
    }),
    { numRuns: 1000 },
  );
});

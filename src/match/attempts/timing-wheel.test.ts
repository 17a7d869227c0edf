import fc from "fast-check";
import { expect, test } from "vitest";
import { TimingWheel } from "./timing-wheel.ts";

/** The wheel's promise: milliseconds. */
const tick = 64;

const slots = 16;

const all = Number.POSITIVE_INFINITY;

const newWheel = () => new TimingWheel(new ArrayBuffer((slots + 1) * 16), 4, 0);

type WheelOperation =
  | { what: "add"; slot: number; after: number }
  | { what: "remove"; slot: number }
  | { what: "wait"; time: number }
  | { what: "wake"; most: number };

const delay = fc.oneof(
  fc.nat(200),
  fc.nat(10_000),
  fc.nat(300_000),
  // As exact as a clock that counts nanoseconds.
  fc.nat(1e9).map((nanoseconds) => nanoseconds / 1e6),
);
const operation: fc.Arbitrary<WheelOperation> = fc.oneof(
  fc.record({
    what: fc.constant("add" as const),
    slot: fc.integer({ min: 1, max: slots }),
    after: delay,
  }),
  fc.record({ what: fc.constant("remove" as const), slot: fc.integer({ min: 1, max: slots }) }),
  fc.record({ what: fc.constant("wait" as const), time: delay }),
  fc.record({ what: fc.constant("wake" as const), most: fc.integer({ min: 1, max: 4 }) }),
);

test("slots come out when they are due: never early, and all that are due by a whole tick, unless they are too many", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), delay, (operations, begin) => {
      const wheel = newWheel();
      const due = new Map<number, number>();
      let now = begin;
      const expire = (most: number) => {
        let taken = 0;
        const take = (slot: number) => {
          expect(due.get(slot)).toBeLessThanOrEqual(now);
          due.delete(slot);
          taken++;
        };
        wheel.expire(now, take, most);
        expect(taken).toBeLessThanOrEqual(most);
        const late = [...due.values()].filter((time) => time <= now - tick);
        if (taken < most) expect(late).toEqual([]);
        if (late.length > 0) expect(wheel.next).toBeLessThanOrEqual(now);
      };
      for (const operation of operations) {
        if (operation.what === "wait") {
          now += operation.time;
          expire(all);
        } else if (operation.what === "wake") {
          now = Math.max(now, wheel.next ?? now);
          expire(operation.most);
        } else if (operation.what === "add" && !due.has(operation.slot)) {
          wheel.add(operation.slot, now + operation.after);
          due.set(operation.slot, now + operation.after);
        } else if (operation.what === "remove" && due.delete(operation.slot)) {
          wheel.remove(operation.slot);
        }
        expect(wheel.next === undefined).toBe(due.size === 0);
      }
    }),
    { numRuns: 1000 },
  );
});

test("whoever calls whenever it says gets each slot at most a tick late, and is not called in vain for ever", () => {
  const times = fc.array(fc.nat(400_000), { minLength: 1, maxLength: slots });
  fc.assert(
    fc.property(times, fc.nat(100_000), (delays, begin) => {
      const wheel = newWheel();
      delays.forEach((wait, i) => {
        wheel.add(i + 1, begin + wait);
      });
      let calls = 0;
      let now = begin;
      const seen: number[] = [];
      for (let next = wheel.next; next !== undefined; next = wheel.next) {
        // Every call gets further, or a timer would spin.
        if (calls++ > 0) expect(next).toBeGreaterThan(now);
        now = Math.max(now, next);
        wheel.expire(
          now,
          (slot) => {
            const due = begin + (delays[slot - 1] ?? 0);
            expect(now - due).toBeGreaterThanOrEqual(0);
            expect(now - due).toBeLessThanOrEqual(tick);
            seen.push(slot);
          },
          all,
        );
      }
      expect(seen.sort((a, b) => a - b)).toEqual(delays.map((_, i) => i + 1));
      // A slot that is due in n turns is passed by n times.
      expect(calls).toBeLessThanOrEqual(delays.length * (400_000 / (tick * 1024) + 2));
    }),
  );
});

test("what is due already when it is added comes out at the next call that the wheel asks for", () => {
  const wheel = newWheel();
  wheel.expire(1_000_000, () => {}, all);
  wheel.add(1, 5);
  const taken: number[] = [];
  wheel.expire(wheel.next ?? 0, (slot) => taken.push(slot), all);
  expect(taken).toEqual([1]);
});

test("the tick may need more than 32 bits, and may pass a sign on its way", () => {
  for (const begin of [2 ** 31 * tick - 1000, 2 ** 32 * tick - 1000, 2 ** 40]) {
    const wheel = newWheel();
    wheel.expire(begin, () => {}, all);
    wheel.add(1, begin + 500);
    wheel.add(2, begin + 2000);
    wheel.add(3, begin + 100_000);
    const taken: number[] = [];
    wheel.expire(begin + 2100, (slot) => taken.push(slot), all);
    expect(taken).toEqual([1, 2]);
    wheel.expire(begin + 100_100, (slot) => taken.push(slot), all);
    expect(taken).toEqual([1, 2, 3]);
  }
});

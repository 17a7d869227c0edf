import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Address } from "../../base/address.ts";
import type { OwnedAttempt } from "./attempt-table.ts";
import { Attempts } from "./attempts.ts";
import { fillWithZeroes } from "./table-memory.ts";

const host = (i: number) => Address.v4(0x0a000000 + i);

function attempt(source: Address, more: Partial<OwnedAttempt> = {}): OwnedAttempt {
  return { source, door: 1, stage: 1, start: 0, ...more };
}

/** What is there of a source. */
function of(attempts: Attempts, source: Address): readonly OwnedAttempt[] {
  const found: OwnedAttempt[] = [];
  const look = (attempt: OwnedAttempt) => {
    found.push(attempt);
    return false;
  };
  expect(attempts.take(source, look)).toEqual([]);
  expect(attempts.has(source)).toBe(found.length > 0);
  // It looks at the newest first.
  return found.reverse();
}

function add(attempts: Attempts, { source, door, stage, start }: OwnedAttempt, due: number) {
  attempts.add(source, door, stage, start, due);
}

/** Something to compare by. */
function text({ source, door, stage, start }: OwnedAttempt): string {
  return `${source} ${door} ${stage} ${start}`;
}

test("an empty table has nothing for anybody", () => {
  const attempts = new Attempts(10);
  expect(attempts.size).toBe(0);
  expect(attempts.nextExpiry).toBeUndefined();
  expect(of(attempts, host(1))).toEqual([]);
  attempts.expire(1_000_000, () => expect.unreachable());
});

test("all attempts of a source are found, IPv6 too, and nobody else's", () => {
  const attempts = new Attempts(10);
  const v6 = new Address(0x20010db8, 0, 0, 0x0a000001);
  add(attempts, attempt(host(1), { door: 1 }), 1000);
  add(attempts, attempt(v6, { door: 2, stage: 3, start: 1.5 }), 1000);
  add(attempts, attempt(host(1), { door: 3 }), 1000);
  expect(of(attempts, host(1)).map(({ door }) => door)).toEqual([1, 3]);
  expect(of(attempts, v6).map(text)).toEqual(["2001:db8::a00:1 2 3 1.5"]);
  expect(of(attempts, host(2))).toEqual([]);
});

test("only what is wanted is taken", () => {
  const attempts = new Attempts(10);
  for (const door of [1, 2, 3]) add(attempts, attempt(host(1), { door }), 1000);
  const taken = attempts.take(host(1), ({ door }) => door !== 2);
  expect(taken.map(({ door }) => door)).toEqual([1, 3]);
  expect(of(attempts, host(1)).map(({ door }) => door)).toEqual([2]);
  expect(attempts.size).toBe(1);
});

describe("a full table", () => {
  test("gives up the oldest attempt of the first stage", () => {
    const attempts = new Attempts(3);
    for (const i of [1, 2, 3, 4]) add(attempts, attempt(host(i)), 1000);
    expect(attempts.size).toBe(3);
    expect(attempts.evicted).toBe(1);
    expect([1, 2, 3, 4].map((i) => of(attempts, host(i)).length)).toEqual([0, 1, 1, 1]);
  });

  test("never gives up one that has got further while there is one of the first stage", () => {
    const attempts = new Attempts(100);
    for (let i = 0; i < 99; i++) add(attempts, attempt(host(i), { stage: 2 }), 1000);
    for (let i = 1000; i < 2000; i++) add(attempts, attempt(host(i)), 1000);
    const further = Array.from({ length: 99 }, (_, i) => of(attempts, host(i)).length);
    expect(further.every((count) => count === 1)).toBe(true);
    expect(of(attempts, host(1999))).toHaveLength(1);
    expect(attempts.evicted).toBe(999);
  });

  test("gives up the oldest of those that have got further when there is no other", () => {
    const attempts = new Attempts(2);
    for (const i of [1, 2, 3]) add(attempts, attempt(host(i), { stage: 2 }), 1000);
    expect([1, 2, 3].map((i) => of(attempts, host(i)).length)).toEqual([0, 1, 1]);
  });

  test("may hold one attempt only", () => {
    const attempts = new Attempts(1);
    add(attempts, attempt(host(1)), 1000);
    add(attempts, attempt(host(2)), 1000);
    expect([1, 2].map((i) => of(attempts, host(i)).length)).toEqual([0, 1]);
  });

  test("forgets when the one that had to go was due", () => {
    const attempts = new Attempts(1);
    add(attempts, attempt(host(1)), 100);
    add(attempts, attempt(host(2)), 1000);
    attempts.expire(500, () => expect.unreachable());
    expect(of(attempts, host(2))).toHaveLength(1);
  });
});

test("a large table keeps all it had, and begins anew when all are gone", () => {
  const cleared: number[] = [];
  const attempts = new Attempts(1_000_000, (memory) => {
    cleared.push(memory.byteLength);
    fillWithZeroes(memory);
  });
  const count = 20_000;
  for (let i = 0; i < count; i++) add(attempts, attempt(host(i), { start: i }), 10_000 + i);
  expect(attempts.size).toBe(count);
  expect(attempts.evicted).toBe(0);
  const starts = Array.from({ length: count }, (_, i) => of(attempts, host(i)).map((a) => a.start));
  expect(starts).toEqual(Array.from({ length: count }, (_, i) => [i]));
  const expired: number[] = [];
  attempts.expire(100_000, ({ start }) => expired.push(start));
  expect(expired.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(attempts.size).toBe(0);
  expect(attempts.nextExpiry).toBeUndefined();
  const records = 64 * 1_000_001;
  expect(cleared).toEqual([records, 4 * 2 ** 21]);
  expect(of(attempts, host(5))).toEqual([]);
  add(attempts, attempt(host(1)), 200_000);
  expect(of(attempts, host(1))).toHaveLength(1);
  attempts.expire(attempts.nextExpiry ?? 0, () => {});
  expect(attempts.size).toBe(0);
  expect(cleared).toHaveLength(2);
});

test("without memory for as many as may be there are as many as there is memory for", () => {
  const attempts = new Attempts(2 ** 45);
  for (let i = 0; i < 5000; i++) add(attempts, attempt(host(i)), 1000);
  expect([attempts.size, attempts.evicted]).toEqual([5000, 0]);
});

test("what has ended is taken out at most so many at a time, and asked for again at once", () => {
  const attempts = new Attempts(1000);
  for (let i = 0; i < 25; i++) add(attempts, attempt(host(i)), 1000);
  const batches: number[] = [];
  for (let next = attempts.nextExpiry; next !== undefined; next = attempts.nextExpiry) {
    expect(next).toBeLessThanOrEqual(1024);
    const before = attempts.size;
    attempts.expire(1024, () => {}, 10);
    batches.push(before - attempts.size);
  }
  expect(batches).toEqual([10, 10, 5]);
});

type AttemptOperation =
  | { what: "add"; who: number; door: number; stage: number; lasts: number }
  | { what: "clear"; who: number }
  | { what: "expire"; time: number };

const operation: fc.Arbitrary<AttemptOperation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("add" as const),
      who: fc.nat(12),
      door: fc.nat(3),
      stage: fc.integer({ min: 1, max: 3 }),
      lasts: fc.nat(3000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("clear" as const), who: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("expire" as const), time: fc.nat(2000) }) },
);

test("a table does what a plain list would, under whatever is done to it", () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 120 }),
      fc.constantFrom(1, 2, 5, 20),
      fc.tuple(fc.nat(), fc.nat()),
      (operations, most, key) => {
        const attempts = new Attempts(most, undefined, Uint32Array.from(key));
        let model: { attempt: OwnedAttempt; due: number }[] = [];
        let evicted = 0;
        let now = 0;
        for (const operation of operations) {
          if (operation.what === "add") {
            const { who, door, stage, lasts } = operation;
            const added = attempt(host(who), { door, stage, start: now });
            if (model.length === most) {
              const first = model.findIndex((other) => other.attempt.stage === 1);
              model.splice(Math.max(first, 0), 1);
              evicted++;
            }
            model.push({ attempt: added, due: now + lasts });
            add(attempts, added, now + lasts);
          } else if (operation.what === "clear") {
            attempts.take(host(operation.who), () => true);
            model = model.filter((other) => !other.attempt.source.equals(host(operation.who)));
          } else {
            // In whole ticks what is due is out: no need to know here how late it may be.
            now = Math.ceil((now + operation.time) / 64) * 64;
            const out: string[] = [];
            attempts.expire(now, (expired) => out.push(text(expired)));
            const due = model.filter((other) => other.due <= now);
            model = model.filter((other) => other.due > now);
            expect(out.sort()).toEqual(due.map((other) => text(other.attempt)).sort());
          }
          expect(attempts.size).toBe(model.length);
          expect(attempts.evicted).toBe(evicted);
          for (let who = 0; who <= 12; who++) {
            const theirs = model.filter((other) => other.attempt.source.equals(host(who)));
            expect(of(attempts, host(who)).map(text)).toEqual(
              theirs.map((other) => text(other.attempt)),
            );
          }
        }
      },
    ),
  );
});

describe("thousands of attempts of one source cost as much each as a few:", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** How often the table's memory is read and written by `task`, with so many attempts of one source. */
  function work(count: number, task: (attempts: Attempts, count: number) => void): number {
    let accesses = 0;
    const counted = new Proxy(Int32Array, {
      construct(target, args) {
        return new Proxy(Reflect.construct(target, args), {
          get(array, key) {
            accesses++;
            return Reflect.get(array, key);
          },
          set(array, key, value) {
            accesses++;
            return Reflect.set(array, key, value);
          },
        });
      },
    });
    vi.stubGlobal("Int32Array", counted);
    const attempts = new Attempts(10_000);
    vi.unstubAllGlobals();
    // The later they came, the earlier they expire.
    for (let i = 0; i < count; i++) {
      add(attempts, attempt(host(1), { door: i, start: i }), 100_000 - i * 10);
    }
    task(attempts, count);
    return accesses;
  }

  test.each<[string, (attempts: Attempts, count: number) => void]>([
    ["adding", () => {}],
    ["taking all", (attempts) => attempts.take(host(1), () => true)],
    ["taking one", (attempts) => attempts.take(host(1), ({ door }) => door === 0)],
    [
      "expiring",
      (attempts, count) => {
        for (let now = 100_000 - count * 10; attempts.size > 0; now += 500) {
          attempts.expire(now, () => {});
        }
      },
    ],
    [
      "evicting",
      (attempts, count) => {
        for (let i = 0; i < 10_000; i++) add(attempts, attempt(host(2), { door: count + i }), 1000);
      },
    ],
  ])("%s", (name, task) => {
    const extra = name === "evicting" ? work(0, task) : 0;
    const [few, many] = [work(100, task) - extra, work(3200, task) - extra];
    expect(many / few).toBeLessThan(40);
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { DueQueue } from "./due-queue.ts";

test("items come out in the order of their time, as from a sorted array", () => {
  const item = fc.nat(20);
  const operation = fc.oneof(
    fc.record({ set: item, due: fc.nat(50) }),
    fc.record({ set: item, due: fc.nat(50) }),
    fc.record({ until: fc.nat(60) }),
    fc.record({ delete: item }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const queue = new DueQueue<number>();
      const model = new Map<number, number>();
      for (const operation of operations) {
        if ("set" in operation) {
          queue.set(operation.set, operation.due);
          model.set(operation.set, operation.due);
        } else if ("delete" in operation) {
          queue.delete(operation.delete);
          model.delete(operation.delete);
        } else {
          const due = [...model].filter(([, at]) => at <= operation.until);
          const taken = queue.takeUntil(operation.until);
          const dueOf = new Map(due);
          expect(taken.map((item) => dueOf.get(item))).toEqual(
            due.map(([, at]) => at).sort((a, b) => a - b),
          );
          expect([...taken].sort()).toEqual(due.map(([item]) => item).sort());
          for (const [item] of due) model.delete(item);
        }
        expect(queue.first).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});

test("an item takes one place however often it is put off", () => {
  const queue = new DueQueue<string>();
  queue.set("first", 10);
  for (let due = 100; due < 10_000; due++) queue.set("lease", due);
  expect(queue.size).toBe(2);
  expect(queue.takeUntil(9998)).toEqual(["first"]);
  expect(queue.takeUntil(9999)).toEqual(["lease"]);
});

test("items that were deleted take few places", () => {
  const queue = new DueQueue<number>();
  queue.set(0, 1);
  for (let item = 1; item < 10_000; item++) {
    queue.set(item, 10_000);
    queue.delete(item);
  }
  expect(queue.size).toBeLessThan(100);
  expect(queue.takeUntil(10_000)).toEqual([0]);
});

test("an item takes few places however often it is moved up", () => {
  const queue = new DueQueue<string>();
  for (let due = 10_000; due > 0; due--) queue.set("lease", due);
  expect(queue.size).toBeLessThan(100);
  expect(queue.takeUntil(1)).toEqual(["lease"]);
  expect(queue.takeUntil(10_000)).toEqual([]);
});

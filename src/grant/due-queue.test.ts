import fc from "fast-check";
import { expect, test } from "vitest";
import { DueQueue } from "./due-queue.ts";

test("items come out in the order of their time, as from a sorted array", () => {
  const operation = fc.oneof(
    fc.record({ add: fc.nat(50) }),
    fc.record({ until: fc.nat(60) }),
    fc.record({ forget: fc.nat(100) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const queue = new DueQueue<number>();
      let model: { item: number; due: number }[] = [];
      const forgotten = new Set<number>();
      const counts = (item: number) => !forgotten.has(item);
      let added = 0;
      for (const operation of operations) {
        if ("add" in operation) {
          queue.add(++added, operation.add);
          model.push({ item: added, due: operation.add });
          model.sort((a, b) => a.due - b.due);
        } else if ("forget" in operation) {
          forgotten.add(operation.forget);
        } else {
          const due = model.filter((entry) => entry.due <= operation.until);
          model = model.filter((entry) => entry.due > operation.until);
          const taken = queue.takeUntil(operation.until, counts);
          const expected = due.filter(({ item }) => counts(item));
          const dueOf = (item: number) => due.find((entry) => entry.item === item)?.due;
          expect(taken.map(dueOf)).toEqual(expected.map((entry) => entry.due));
          expect([...taken].sort()).toEqual(expected.map(({ item }) => item).sort());
        }
        expect(queue.first(counts)).toBe(model.find(({ item }) => counts(item))?.due);
      }
    }),
  );
});

test("an item that was added again is judged by the time of each entry", () => {
  const queue = new DueQueue<string>();
  queue.add("lease", 10);
  queue.add("lease", 30);
  const counts = (_: string, due: number) => due === 30;
  expect(queue.first(counts)).toBe(30);
  expect(queue.takeUntil(20, counts)).toEqual([]);
  expect(queue.takeUntil(30, counts)).toEqual(["lease"]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { NIL, SlotLists } from "./slot-lists.ts";

const lists = 3;

const slots = 20;

function contents(links: SlotLists, list: number): number[] {
  const found: number[] = [];
  for (let slot = links.first(list); slot !== NIL; slot = links.after(slot)) found.push(slot);
  return found;
}

test("lists of slots are what arrays would be, whatever is done to them", () => {
  const operation = fc.record({
    list: fc.option(fc.nat(lists - 1), { nil: undefined }),
    slot: fc.integer({ min: 1, max: slots }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      // Three words a slot, of which the first is somebody else's.
      const records = new Int32Array((slots + 1) * 3).fill(0).map((_, i) => (i % 3 === 0 ? 7 : 0));
      const links = new SlotLists(lists, records, 3, 1);
      const model: number[][] = Array.from({ length: lists }, () => []);
      for (const { list, slot } of operations) {
        const from = model.findIndex((other) => other.includes(slot));
        if (from >= 0) {
          links.remove(from, slot);
          model[from]?.splice(model[from].indexOf(slot), 1);
        }
        if (list !== undefined) {
          links.append(list, slot);
          model[list]?.push(slot);
        }
        expect(model.map((_, index) => contents(links, index))).toEqual(model);
      }
      expect(records.filter((_, i) => i % 3 === 0).every((word) => word === 7)).toBe(true);
    }),
  );
});

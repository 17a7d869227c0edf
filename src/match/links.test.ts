import fc from "fast-check";
import { expect, test } from "vitest";
import { Links } from "./links.ts";

const lists = 3;

function contents(links: Links, list: number): number[] {
  const slots: number[] = [];
  for (let slot = links.first(list); slot >= 0; slot = links.after(slot)) slots.push(slot);
  return slots;
}

test("lists of slots are what arrays would be, whatever is done to them", () => {
  const operation = fc.oneof(
    fc.record({ what: fc.constant("append"), list: fc.nat(lists - 1), slot: fc.nat(19) }),
    fc.record({ what: fc.constant("remove"), list: fc.constant(0), slot: fc.nat(19) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), fc.nat(100), (operations, growAt) => {
      const links = new Links(lists, 10);
      const model: number[][] = Array.from({ length: lists }, () => []);
      let slots = 10;
      operations.forEach(({ what, list, slot: any }, i) => {
        if (i === growAt) {
          slots = 20;
          links.grow(slots);
        }
        const slot = any % slots;
        for (const other of model) {
          if (other.includes(slot)) other.splice(other.indexOf(slot), 1);
        }
        if (what === "append") {
          links.append(list, slot);
          model[list]?.push(slot);
        } else links.remove(slot);
        expect(model.map((_, index) => contents(links, index))).toEqual(model);
      });
    }),
  );
});

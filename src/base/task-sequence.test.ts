import { expect, test } from "vitest";
import { TaskSequence } from "./task-sequence.ts";

test("tasks run one after another, also after one that failed", async () => {
  const sequence = new TaskSequence();
  const history: string[] = [];
  const task = (name: string, fails = false) => {
    return sequence.run(async () => {
      history.push(`${name} begins`);
      await new Promise(setImmediate);
      history.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  };
  const results = await Promise.allSettled([task("a"), task("b", true), task("c")]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const all = ["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]);
  expect(history).toEqual(all);
});

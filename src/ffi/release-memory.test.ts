import { join } from "node:path";
import { expect, test } from "vitest";
import { runInOwnProcess } from "../../test/support/own-process.ts";

test("garbage and the pages of the program are returned, again and again", async () => {
  const script = `
    for (let time = 1; time <= 2; time++) {
      let garbage = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
      const before = resident();
      garbage = undefined;
      await memory.releaseMemory();
      console.log(Math.floor(before - resident()));
    }
  `;
  const memory = join(import.meta.dirname, "release-memory.ts");
  const returned = (await runInOwnProcess({ memory }, script)).split("\n").map(Number);
  expect(returned).toHaveLength(2);
  // Without a collection it would be the program alone: some 30 MiB, and the second time less.
  for (const mebibytes of returned) expect(mebibytes).toBeGreaterThan(35);
});

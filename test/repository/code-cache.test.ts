import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { codeCacheKey, trainer } from "../../packaging/code-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "sesame-trainer-"));
afterAll(() => rmSync(folder, { recursive: true }));

function changedTrainer(): string {
  const file = join(folder, "trainer.ts");
  writeFileSync(file, `${readFileSync(trainer, "utf8")}// changed\n`);
  return file;
}

const parts = { node: "sha512", nodeOptions: ["--a", "--b"], text: "(function () {})" };

test("a code cache is taken again for the same parts", async () => {
  expect(await codeCacheKey(parts)).toBe(await codeCacheKey({ ...parts }));
});

test.each([
  ["Node", { node: "sha512 of another" }],
  ["option", { nodeOptions: ["--a", "--c"] }],
  ["number of options", { nodeOptions: ["--a"] }],
  ["text, as what is around the program", { text: "(() => {})" }],
  ["trainer", { trainerFile: changedTrainer() }],
])("no code cache is taken again for another %s", async (_, change) => {
  expect(await codeCacheKey({ ...parts, ...change })).not.toBe(await codeCacheKey(parts));
});

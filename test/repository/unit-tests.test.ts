import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const replacing = /\bvi\s*\.\s*(?:mock|doMock|resetModules)\s*\(/;
const waiting = /\bvi\s*\.\s*wait(?:For|Until)\s*\(/;

/** The files of tests below these folders that match. */
function testsWith(pattern: RegExp, ...folders: readonly string[]): readonly string[] {
  const tests = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`),
  );
  expect(tests.length).toBeGreaterThan(100);
  return tests.filter((file) => pattern.test(readFileSync(join(root, file), "utf8")));
}

test("unit tests replace no module: all of them share one module graph", () => {
  const folders = ["src", "test/repository", "test/support", "test/fuzz"];
  expect(testsWith(replacing, ...folders)).toEqual([]);
});

test("tests wait by expect.poll: the waits of vi end after a second, which a busy machine may take", () => {
  expect(testsWith(waiting, "src", "test")).toEqual([]);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const replacing = /\bvi\s*\.\s*(?:mock|doMock|resetModules)\s*\(/;

test("unit tests replace no module: all of them share one module graph", () => {
  const folders = ["src", "test/repository", "test/support", "test/fuzz"];
  const tests = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`),
  );
  expect(tests.length).toBeGreaterThan(100);
  expect(tests.filter((file) => replacing.test(readFileSync(join(root, file), "utf8")))).toEqual(
    [],
  );
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const mostLines = 250;

test("a source file above 250 lines says why in its first line", () => {
  const long = ["src", "page", "packaging"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => join(folder, name))
      .filter((file) => {
        const text = readFileSync(join(root, file), "utf8");
        return text.split("\n").length - 1 > mostLines && !text.startsWith("// Longer than ");
      }),
  );
  expect(long).toEqual([]);
});

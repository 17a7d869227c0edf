import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { isLong } from "./test/support/effort.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/{repository,support,fuzz}/**/*.test.ts"],
          // No test changes what others import, and a module is loaded once for all of them.
          isolate: false,
          // Some of them wait: more workers than processors.
          maxWorkers: Math.ceil(1.5 * availableParallelism()),
          // Properties take their time on a busy machine, and ten times as many cases take longer.
          testTimeout: isLong ? 600_000 : 120_000,
          // A wait that ends when it may costs a test that passes nothing.
          expect: { poll: { timeout: 30_000 } },
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "live",
          include: ["test/live/**/*.test.ts"],
          // One file in a world; test/runner runs several worlds at once.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});

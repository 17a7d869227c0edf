import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "install",
    include: ["test/install/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "install",
    include: ["test/install/*.test.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});

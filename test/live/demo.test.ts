import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Process } from "./process.ts";
import { needs } from "./requirements.ts";

const root = join(import.meta.dirname, "../..");

describe.skipIf(needs("nft", "tcpdump", "pgrep"))("the demo", () => {
  // Each act has a network of its own, and mostly waits.
  test.concurrent.each(["seed", "scan", "crash", "key"])(
    "%s: each step is as it says",
    { timeout: 240_000 },
    async (act) => {
      const program = join(root, "examples/demo", `${act}.sh`);
      const { code, stdout, stderr } = await new Process([join(root, "scripts/private"), program])
        .ended;
      expect(`${stdout}${stderr}`).not.toContain("FAILED");
      expect(code).toBe(0);
      expect(stdout.match(/^ok /gm)?.length).toBeGreaterThan(10);
    },
  );

  test("an act whose steps fail says so, and fails", { timeout: 120_000 }, async () => {
    const program = join(root, "examples/demo/seed.sh");
    const { code, stdout } = await new Process([join(root, "scripts/private"), program], {
      env: { KNOCKD: "/bin/false" },
    }).ended;
    expect(stdout).toContain("FAILED  knockd listens");
    expect(code).toBe(1);
  });

  test("no other act", async () => {
    const demo = await new Process([join(root, "scripts/demo"), "--only", "stage"]).ended;
    expect(demo).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: npm run demo/) });
  });
});

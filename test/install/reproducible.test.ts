import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../live/run.ts";

const script = join(import.meta.dirname, "../../scripts/test-reproducible");

// Those that take longest `npm run test:long` makes again.
test("packages made at another place are the same, byte for byte", async () => {
  const argv = [script, "--again", "--client", "--npm"];
  const { stdout } = await run(argv, { timeout: 200_000 });
  expect(stdout).toMatch(/^the same: sesame-knock-client_\S+_all\.deb$/m);
  expect(stdout).toMatch(/^the same: knock\.mjs$/m);
  expect(stdout).toMatch(/^the same: sesame-knock-\S+\.tgz$/m);
  expect(stdout).toMatch(/^3 passed, 0 failed$/m);
});

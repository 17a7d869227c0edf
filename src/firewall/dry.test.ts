import { expect, test } from "vitest";
import { expectOutcomes } from "../../test/contract/firewall.ts";
import { byCommands, byKernel } from "../../test/support/accesses.ts";
import { dryFirewall } from "./dry.ts";

test("a dry run answers as a firewall that opens and closes, and says that it is none", async () => {
  await expectOutcomes(dryFirewall, byKernel());
  await expectOutcomes(dryFirewall, byCommands());
  expect(dryFirewall.isDryRun).toBe(true);
});

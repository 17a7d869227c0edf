import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/control-server.ts";
import { ConsoleFiles } from "./devices.ts";

test("a configuration that cannot be looked at has no doors, and ends nothing", async () => {
  const config = join(temporaryFolder(), "knockd.conf");
  symlinkSync("knockd.conf", config);
  const files = new ConsoleFiles("/nowhere");
  await files.refresh(config);
  await files.refresh(config);
  expect(files.usersOf("ssh", 0)).toEqual({ devices: [], rotates: false });
});

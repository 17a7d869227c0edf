import { symlinkSync, writeFileSync } from "node:fs";
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

test("an error in the users file is a problem until it is mended", async () => {
  const folder = temporaryFolder();
  const [config, users] = [join(folder, "knockd.conf"), join(folder, "knockd.users")];
  writeFileSync(config, `[options]\n    Users = ${users}\n`);
  writeFileSync(users, "[alice/laptop]\n    groups = admins\n", { mode: 0o600 });
  const files = new ConsoleFiles("/nowhere");
  await files.refresh(config);
  expect(files.problem).toBe("the device has no key");
  writeFileSync(users, "", { mode: 0o600 });
  await files.refresh(config);
  expect(files.problem).toBeUndefined();
});

import { expect, test } from "vitest";
import { systemDisk } from "../../system/disk.ts";
import { ConfigFile } from "./config-file.ts";

test("a file that knockd may not read is refused with a hint, as a line of its own", async () => {
  const readFile = async () => {
    throw Object.assign(new Error("EACCES: permission denied, open 'k'"), { code: "EACCES" });
  };
  const file = new ConfigFile("/etc/knockd.conf", { ...systemDisk, readFile });
  await expect(file.read()).rejects.toMatchObject({
    code: "CONFIG",
    message:
      "/etc/knockd.conf: Permission denied\n/etc/knockd.conf: hint: systemctl reload knockd lets knockd read it",
  });
});

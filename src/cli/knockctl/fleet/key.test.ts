import { createHash } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/control-server.ts";
import { knockctl } from "../../../../test/support/knockctl.ts";
import { parseFleetFile } from "../../../config/fleet-file.ts";

/** A configuration in a folder of its own, whose fleet file does not exist yet. */
function open() {
  const folder = temporaryFolder();
  const [config, file] = [join(folder, "conf"), join(folder, "fleet")];
  writeFileSync(config, `[options]\nFleetName = office\nFleetFile = ${file}\n`);
  const run = (...args: string[]) => knockctl("fleet", "key", "--config", config, ...args);
  const read = () => parseFleetFile(readFileSync(file, "utf8")).file;
  return { file, run, read };
}

test("fleet key makes a file that its owner alone can read, and prints none of its secrets", async () => {
  const { file, run, read } = open();
  const { code, stdout } = await run();
  expect(code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { keys, user, password = "" } = read() ?? {};
  expect([keys?.length, user, password.length]).toEqual([1, "sesame", 43]);
  const digest = createHash("sha256").update(password).digest("hex");
  expect(stdout).toContain(`user sesame on #${digest} resetchannels ~sesame:{office}:* -@all +`);
  expect(stdout).toContain(`scp -p ${file} root@GATEWAY:${file}\n`);
  expect(stdout).toContain(`    FleetName = office\n    FleetFile = ${file}\n`);
  for (const secret of [password, keys?.[0].toString("base64") ?? ""]) {
    expect(stdout).not.toContain(secret);
  }
});

test("fleet key leaves a file that is there, and shows no digest of a weak password", async () => {
  const { file, run, read } = open();
  await run();
  const before = read();
  const again = await run();
  expect(again.stdout).toMatch(/^\S+ is there, and stays as it is: the key of the fleet "office"/);
  expect(read()).toEqual(before);
  const key = before?.keys[0].toString("base64");
  writeFileSync(file, `key = ${key}\nuser = gate\npassword = hunter2\n`);
  const json = JSON.parse((await run("--json")).stdout);
  expect(json).toMatchObject({ fleet: "office", file, made: false });
  expect(json.acl).toMatch(/^user gate on >PASSWORD resetchannels /);
});

test("fleet key refuses a file that others can read", async () => {
  const { file, run } = open();
  await run();
  chmodSync(file, 0o644);
  const { code, stderr } = await run();
  expect([code, stderr]).toEqual([1, `fleet file ${file}: other users can read it: chmod 600\n`]);
});

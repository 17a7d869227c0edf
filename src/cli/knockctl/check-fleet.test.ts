import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { formatFleetKey } from "../../config/fleet-file.ts";

const door = "[ssh]\nopen = tcp/22\nsequence = 7003,9140,8455\ntcpflags = syn\n";
const key = formatFleetKey(Buffer.alloc(32, 1));

/** What `knockctl check` says of a configuration whose fleet file has this text. */
async function check(text: string | undefined, mode = 0o600) {
  const folder = temporaryFolder();
  const [config, file] = [join(folder, "conf"), join(folder, "fleet")];
  writeFileSync(config, `[options]\nFleet = redis://10.0.0.5\nFleetFile = ${file}\n${door}`);
  if (text !== undefined) {
    writeFileSync(file, text, { mode });
    chmodSync(file, mode);
  }
  const { code, stdout, stderr } = await knockctl("check", config);
  return { code, last: stdout.split("\n").at(-2), stderr, file };
}

test("check reads the fleet file", async () => {
  const { code, last, stderr, file } = await check(key);
  expect([code, last, stderr]).toEqual([0, `${file}: fleet OK`, ""]);
});

test.each<[string | undefined, number, string]>([
  [undefined, 0o600, ": no such file or directory\nFILE: hint: knockctl fleet key makes it\n"],
  [key, 0o640, ": other users can read it: chmod 600\n"],
  [
    `${key}user = x\n[a]\n`,
    0o600,
    ":2:8: user needs password, too\nFILE:3:1: this file has no sections\n",
  ],
])("check names what is wrong with the fleet file, and fails: %j", async (text, mode, problems) => {
  const { code, last, stderr, file } = await check(text, mode);
  expect(stderr.toLowerCase()).toBe(`${file}${problems}`.replaceAll("FILE", file).toLowerCase());
  expect([code, last]).toEqual([1, `${file}: cannot be used: knockd goes on alone`]);
});

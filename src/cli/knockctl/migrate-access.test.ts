import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { parseConfig } from "../../config/parse.ts";
import { parseUsers } from "../../config/users.ts";

const key = Buffer.alloc(32, 1).toString("base64");
const hmac = Buffer.alloc(64, 3).toString("base64");
const stanza = `SOURCE ANY
OPEN_PORTS tcp/22
REQUIRE_USERNAME bob
%include_keys keys
`;

/** An access.conf in a folder of its own, and a configuration beside it. */
function open(text: string, options = "") {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("access.conf"), text);
  writeFileSync(at("keys"), `KEY_BASE64 ${key}\nHMAC_KEY_BASE64 ${hmac}\n`);
  mkdirSync(at("access.d"));
  writeFileSync(at("access.d/b.conf"), "SOURCE ANY\nKEY_BASE64 AAAA\nOPEN_PORTS tcp/80\n");
  writeFileSync(at("access.d/ignored"), "nothing\n");
  const config = `# mine
[options]
    Users = ${at("users")}
    ControlSocket = ${at("socket")}
${options}[web]
    sequence = 7003,9140,8455
    open     = tcp/80`;
  writeFileSync(at("conf"), config);
  const run = (...args: string[]) =>
    knockctl("migrate", at("access.conf"), "--config", at("conf"), ...args);
  return { at, config, run, read: (name: string) => readFileSync(at(name), "utf8") };
}

test("shows doors and devices without the keys, and changes nothing", async () => {
  const { config, run, read } = open(stanza);
  const { code, stdout, stderr } = await run();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("\n+    FwknopPort = 62201\n");
  expect(stdout).toContain("\n+[fwknop-1]\n+    users    = bob/fwknop\n+    open     = tcp/22\n");
  expect(stdout).toContain("\n+    fwknop_key      = …\n");
  expect(stdout).toMatch(/Nothing was changed. --write writes both files.\n$/);
  expect(stdout).not.toMatch(new RegExp(`${key.slice(0, 12)}|${hmac.slice(0, 12)}`));
  expect(read("conf")).toBe(config);
});

test("writes both files, which knockd takes, and leaves the rest as it was", async () => {
  const { at, config, run, read } = open(stanza);
  const { code, stdout } = await run("--write");
  expect([code, stdout]).toEqual([0, expect.stringContaining("Written. Stop fwknopd")]);
  expect(read("conf").replace("    FwknopPort = 62201\n", "").startsWith(config)).toBe(true);
  const { config: parsed } = parseConfig(read("conf"));
  expect(parsed?.options.fwknopPorts).toEqual([62_201]);
  expect(parsed?.doors.map(({ name }) => name)).toEqual(["web", "fwknop-1"]);
  const { devices, problems } = parseUsers(read("users"));
  expect(problems).toEqual([]);
  expect(devices[0]).toMatchObject({ name: "bob/fwknop", fwknopUser: "bob" });
  expect(statSync(at("users")).mode & 0o777).toBe(0o600);
  const again = await run("--write");
  expect([again.code, again.stdout]).toEqual([1, expect.stringContaining("also in [bob/fwknop]")]);
});

test("names what it cannot take over with file and line, and exits with 1", async () => {
  const { at, run, read } = open(`${stanza}%include_folder access.d\n`);
  const { code, stdout } = await run("--write", "--json");
  expect(code).toBe(1);
  const printed: unknown = JSON.parse(stdout);
  expect(printed).toMatchObject({ devices: ["bob/fwknop"], written: true, problems: [] });
  expect(printed).toMatchObject({
    refused: [
      {
        ...{ file: at("access.d/b.conf"), line: 1 },
        text: "there is no HMAC key: fwknop --key-gen makes both",
      },
    ],
  });
  expect(stdout).not.toContain(key.slice(0, 12));
  expect(read("conf")).not.toContain("tcp/80\n    open_for");
  const nothing = open("SOURCE ANY\n");
  const { code: failed, stdout: text } = await nothing.run("--write");
  expect([failed, nothing.read("conf")]).toEqual([1, nothing.config]);
  expect(text).toMatch(/Nothing can be taken over.\n$/);
});

test("keeps a port that is set, and takes no option of the other kind of file", async () => {
  const { run } = open(stanza, "    FwknopPort = 40000\n");
  expect((await run()).stdout).not.toContain("62201");
  for (const option of ["--repair", "--no-native"]) expect((await run(option)).code).toBe(2);
  const folder = temporaryFolder();
  const file = join(folder, "knockd.conf");
  writeFileSync(file, "[x]\nsequence = 7000\nopen = tcp/22\n");
  expect((await knockctl("migrate", file, "--config", file)).code).toBe(2);
});

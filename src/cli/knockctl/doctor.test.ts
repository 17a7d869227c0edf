import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { startServer } from "../../../test/support/control-server.ts";
import { doctorConfig } from "../../../test/support/doctor.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { stubRules } from "../../../test/support/rulesets.ts";

beforeEach(() => stubRules("none"));

function config(): string {
  const folder = mkdtempSync(join(tmpdir(), "sesame-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "knockd.conf");
  writeFileSync(path, doctorConfig);
  return path;
}

test("looks at the daemon and this machine, and listens only if there is time", async () => {
  const { path, handlers } = await startServer();
  handlers.problems = [{ code: "journal", message: "no space left" }];
  const file = config();
  const args = ["--time", "0", "--config", file, "-s", path, "--host", "server.example.org"];
  const { code, stdout } = await knockctl("doctor", "ssh", ...args);
  expect(code).toBe(3);
  expect(stdout).toMatch(/^knockd {9}0\.1\.0 runs, process 812, up /);
  expect(stdout).toContain("problem: no space left\n");
  expect(stdout).toMatch(
    /\nverdict: no space left \(and \d+ problems? more\)\nnext: knockctl status.*\n$/,
  );
  expect(stdout).not.toContain("Knock from your client");
  const json = JSON.parse((await knockctl("doctor", "--json", ...args)).stdout);
  expect(json).toMatchObject({
    version: 2,
    verdict: { isGood: false, code: "journal" },
    findings: expect.arrayContaining([
      { level: "problem", code: "journal", message: "no space left", hints: [] },
    ]),
    daemon: { release: "0.1.0", pid: 812, configFile: "/etc/knockd.conf" },
    configFile: file,
  });
});

test("a door that there is not", async () => {
  const { path } = await startServer();
  const args = ["--time", "0", "--config", config(), "-s", path];
  expect(await knockctl("doctor", "shs", ...args)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no door "shs"\nknockctl: hint: did you mean "ssh"?'),
  });
});

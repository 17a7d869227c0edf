import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { InitRecord } from "./record.ts";
import { digest, readRecords, writeRecords } from "./record.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "sesame-init-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const small: InitRecord = { at: "2026-11-22T13:26:05.000Z", services: ["tcp/22"], doors: ["ssh"] };
const whole: InitRecord = {
  ...small,
  backup: "/etc/knockd.conf.before-init",
  written: digest("[ssh]"),
  started: "systemd",
  serviceUser: "root",
  ufw: ["tcp/22"],
};

test("what was written is read, for the owner only", () => {
  const file = join(folder(), "state", "knockd.conf.init");
  expect(readRecords(file)).toEqual([]);
  writeRecords(file, [small, whole]);
  expect(readRecords(file)).toEqual([small, whole]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("without records there is no file", () => {
  const file = join(folder(), "knockd.conf.init");
  writeRecords(file, [small]);
  writeRecords(file, []);
  expect(readdirSync(join(file, ".."))).toEqual([]);
});

test.each([
  ["half", '[{"at":'],
  ["no list", "{}"],
  ["no record", '[{"at":1,"services":[],"doors":[]}]'],
  ["services of another kind", '[{"at":"x","services":[1],"doors":[]}]'],
  ["rules of ufw of another kind", '[{"at":"x","services":[],"doors":[],"ufw":"tcp/22"}]'],
  [
    "a user of the service that no init changes",
    '[{"at":"x","services":[],"doors":[],"serviceUser":"x"}]',
  ],
  ["an unknown way to start", '[{"at":"x","services":[],"doors":[],"started":"cron"}]'],
])("a file that holds %s is refused", (_, text) => {
  const file = join(folder(), "knockd.conf.init");
  writeFileSync(file, text);
  expect(() => readRecords(file)).toThrow(/knockd\.conf\.init/);
});

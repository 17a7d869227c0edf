import { expect, test } from "vitest";
import { parseConfig } from "../config/parse.ts";
import { compareConfigs, lateOptions } from "./config-changes.ts";

function config(options: string, ...doors: readonly (readonly [name: string, port: number])[]) {
  const sections = doors.map(([name, port]) => `[${name}]\nsequence = ${port}\ncommand = true\n`);
  const { config, problems } = parseConfig(`[options]\n${options}\n${sections.join("")}`);
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return config;
}

test("doors come, go and change by their names", () => {
  const before = config("", ["goes", 1], ["changes", 2], ["stays", 3], ["twin", 4], ["twin", 5]);
  const after = config("", ["stays", 3], ["changes", 9], ["comes", 1], ["twin", 5], ["twin", 4]);
  expect(compareConfigs(before, after)).toEqual({
    added: ["comes"],
    removed: ["goes"],
    changed: ["changes", "twin"],
    options: [],
  });
});

test("options that changed are those whose values did, by the names that a file has for them", () => {
  const before = config("LogFile = /a\nInterface = eth0,eth1\nMaxCommands = 5");
  const after = config("Interface = eth0, eth1\nMaxCommands = 6\nLogRate = 100");
  expect(compareConfigs(before, after).options).toEqual(["LogFile", "LogRate", "MaxCommands"]);
});

test("an option is named as in a file, not as in the code", () => {
  const { options } = compareConfigs(config(""), config("Interface = eth0\nUseSyslog"));
  expect(options).toEqual(["Interface", "UseSyslog"]);
});

test("what waits for the next start does so until that comes, or it is taken back", () => {
  const started = config("StateDir = /a").options;
  const wanted = config("StateDir = /b\nTable = other\nLogRate = 100").options;
  expect(lateOptions(started, wanted)).toEqual(["StateDir", "Table"]);
  expect(lateOptions(started, config("StateDir = /a").options)).toEqual([]);
});

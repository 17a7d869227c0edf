import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig, readConfig } from "./load.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-load-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(folder, "knockd.conf");
  writeFileSync(path, content);
  return path;
}

const door = "[x]\nsequence = 2,1\ntcpflags = syn\ncommand = true\n";

test("relative paths start from the directory that is given", () => {
  const options =
    "[options]\nLogFile = k.log\nPidFile = /run/k.pid\nStateDir = s\nControlSocket = k.sock\n";
  const list = "[y]\none_time_sequences = lists/y\ntcpflags = syn\ncommand = true";
  const { config, warnings } = loadConfig(file(`${options}${door}${list}`), "/start");
  expect(config.options).toMatchObject({
    logFile: "/start/k.log",
    pidFile: "/run/k.pid",
    stateDir: "/start/s",
    controlSocket: "/start/k.sock",
  });
  expect(config.doors[1]?.sequence).toEqual({ kind: "one-time", file: "/start/lists/y" });
  expect(warnings).toEqual([]);
});

test("options can be read whatever the problems", () => {
  const broken =
    "[options]\nTable = other # ours\nTabel = x\nMaxAttempts = -1\nStateDir = s\n[y\nx";
  const { config, options } = readConfig(file(broken), "/start");
  expect(config).toBeUndefined();
  expect(options).toMatchObject({ table: "other", maxAttempts: 1_000_000, stateDir: "/start/s" });
});

test("a byte order mark is skipped", () => {
  expect(loadConfig(file(`\uFEFF${door}`), "/").config.doors).toHaveLength(1);
});

test("a file in Latin-1 can be used, with a warning", () => {
  const text = `# Ä\n${door}stop_command = echo \x80\xE4`;
  const { config, warnings } = loadConfig(file(Buffer.from(text, "latin1")), "/");
  expect(config.doors[0]?.action).toMatchObject({ stop: "echo \x80ä" });
  expect(warnings).toEqual([
    {
      severity: "warning",
      line: 1,
      column: 1,
      message: "the file is not UTF-8, it is read as Latin-1",
    },
  ]);
});

describe("what cannot be used is thrown as CONFIG", () => {
  test("with every problem and hint, each with the file's name", () => {
    const path = file("[x]\ncommand = true\nsequence = 7000/tcp\nfoo");
    expect(() => loadConfig(path, "/")).toThrow(
      expect.objectContaining({
        code: "CONFIG",
        message: [
          `${path}:3:12: sequence: port is invalid: expected 1 to 65535`,
          `${path}:3:12: hint: steps are written as 7000, 7000:tcp or 7000:udp`,
          `${path}:4:1: syntax error: unknown directive "foo"`,
        ].join("\n"),
      }),
    );
  });

  test.each([
    ["a file that is not there", () => join(folder, "none"), "No such file or directory"],
    ["a folder", () => folder, "Is a directory"],
    [
      "a program",
      () => file(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe, 10, 0, 10])),
      "all directives must belong to a section",
    ],
  ])("%s", (_, path, message) => {
    const name = path();
    expect(() => loadConfig(name, "/")).toThrow(
      expect.objectContaining({ code: "CONFIG", message: expect.stringContaining(message) }),
    );
    expect(() => loadConfig(name, "/")).toThrow(
      expect.objectContaining({ message: expect.stringMatching(`^${name}:`) }),
    );
  });
});

test.each(["utf16le", "utf-16be"])("a file in UTF-16 is named as such: %s", (encoding) => {
  const bytes = Buffer.from("\uFEFF[x]\nsequence = 1\n", "utf16le");
  if (encoding === "utf-16be") bytes.swap16();
  const file = join(folder, "utf16.conf");
  writeFileSync(file, bytes);
  expect(readConfig(file, folder)).toMatchObject({
    config: undefined,
    problems: [{ severity: "error", message: "the file is UTF-16", hint: "save it as UTF-8" }],
  });
});

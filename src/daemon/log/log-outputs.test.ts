import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { parseAddress } from "../../base/address.ts";
import type { Entry, Level } from "../../base/log.ts";
import { later, wallTime } from "../../base/time.ts";
import { LogOutputs } from "./log-outputs.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-logs-"));
  path = join(folder, "k.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const wall = wallTime(new Date(2026, 10, 22, 13, 26, 59, 7).getTime());

function open(
  flags: { verbose?: boolean; debug?: boolean } = {},
  format: "text" | "json" = "text",
) {
  const printed = { stdout: "", stderr: "" };
  const logs = new LogOutputs(
    {
      stdout: (text) => {
        printed.stdout += text;
      },
      stderr: (text) => {
        printed.stderr += text;
      },
      verbose: flags.verbose ?? false,
      debug: flags.debug ?? false,
    },
    new ManualClock(wall),
  );
  const settings = { file: path, format, syslog: false };
  logs.configure(settings);
  const file = () => readFileSync(path, "utf8");
  return { logs, printed, settings, file };
}

const kinds: Entry[] = [
  ...(["error", "warning", "notice", "info", "debug"] as const).map(
    (level: Level): Entry => ({ level, event: level, text: level }),
  ),
  { level: "notice", event: "log", text: "log", to: "log" },
  { level: "notice", event: "terminal", text: "terminal", to: "terminal" },
];

describe("what goes where", () => {
  const troubles = "error warning";
  test.each([
    [{}, "text", "", troubles, "error warning notice log"],
    [{ verbose: true }, "text", "notice terminal", troubles, "error warning notice log"],
    [{ debug: true }, "text", "info debug", troubles, "error warning notice log"],
    [
      { verbose: true, debug: true },
      "text",
      "notice info debug terminal",
      troubles,
      "error warning notice log",
    ],
    [{}, "json", "", troubles, "error warning notice info log"],
    [{ verbose: true }, "json", "notice terminal", troubles, "error warning notice info log"],
  ] as const)("with %o and a log file of %s", async (flags, format, stdout, stderr, logged) => {
    const { logs, printed, file } = open(flags, format);
    for (const entry of kinds) logs.write(entry);
    await logs.close();
    const words = (text: string) => text.split("\n").filter(Boolean).join(" ");
    const texts = file()
      .trim()
      .split("\n")
      .map((line) => (format === "json" ? JSON.parse(line).message : line.slice(19)));
    expect(words(printed.stdout)).toBe(stdout);
    expect(words(printed.stderr)).toBe(stderr);
    expect(texts.join(" ")).toBe(logged);
  });
});

test("a line of the file has knockd's date, which is that of the event", async () => {
  const { logs, file } = open();
  logs.write({ level: "notice", event: "x", text: "now" });
  logs.write({ level: "notice", event: "x", text: "then" }, later(wall, -60_000));
  await logs.close();
  expect(file()).toBe("[2026-11-22 13:26] now\n[2026-11-22 13:25] then\n");
});

test("a line of JSON is one object with time, level, event and message", async () => {
  const { logs, file } = open({}, "json");
  const source = parseAddress("192.0.2.1");
  if (source === undefined) throw new Error("no address");
  logs.write({
    level: "info",
    event: "failed",
    text: "a\n\u001b[31mb",
    door: "x",
    source,
    detail: { stage: 2, reason: "late" },
  });
  await logs.close();
  expect(file().endsWith("}\n")).toBe(true);
  expect(JSON.parse(file())).toEqual({
    time: new Date(wall).toISOString(),
    level: "info",
    event: "failed",
    door: "x",
    source: "192.0.2.1",
    stage: 2,
    reason: "late",
    message: "a\n\u001b[31mb",
  });
});

test("control characters reach neither the terminal nor a line of text", async () => {
  const { logs, printed, file } = open({ verbose: true });
  logs.write({ level: "notice", event: "x", text: "a\nb\u001b[31m" });
  await logs.close();
  expect(printed.stdout).toBe("a?b?[31m\n");
  expect(file()).toBe("[2026-11-22 13:26] a?b?[31m\n");
});

test("configuring again opens the file anew, so that a renamed one is let go", async () => {
  const { logs, printed, settings, file } = open({ verbose: true });
  logs.write({ level: "notice", event: "x", text: "before", to: "log" });
  await expect.poll(() => existsSync(path)).toBe(true);
  renameSync(path, `${path}.1`);
  logs.configure(settings);
  logs.write({ level: "notice", event: "x", text: "after", to: "log" });
  await logs.close();
  expect(readFileSync(`${path}.1`, "utf8")).toBe("[2026-11-22 13:26] before\n");
  expect(file()).toBe("[2026-11-22 13:26] after\n");
  expect(printed.stdout).toBe(`closing log file: ${path}\nre-opening log file: ${path}\n`);
});

test("configuring without a file closes it, and lines go nowhere", async () => {
  const { logs, printed, settings, file } = open({ verbose: true });
  logs.configure({ ...settings, file: undefined });
  logs.write({ level: "notice", event: "x", text: "lost", to: "log" });
  await logs.close();
  expect(file()).toBe("");
  expect(printed.stdout).toBe(`closing log file: ${path}\n`);
});

test("a file that cannot be opened is a warning, and the terminal goes on", async () => {
  const { logs, printed, settings } = open({ verbose: true });
  logs.configure({ ...settings, file: join(folder, "none", "k.log") });
  logs.write({ level: "notice", event: "x", text: "going on" });
  await logs.close();
  const missing = join(folder, "none", "k.log");
  expect(printed.stderr).toBe(
    `warning: cannot open logfile: No such file or directory (${missing})\n`,
  );
  expect(printed.stdout).toContain("going on\n");
});

describe("whether anybody would see a level", () => {
  test.each([
    [{}, "text", "error warning notice"],
    [{}, "json", "error warning notice info"],
    [{ debug: true }, "text", "error warning notice info debug"],
  ] as const)("with %o and a log file of %s", async (flags, format, heard) => {
    const { logs } = open(flags, format);
    const levels: Level[] = ["error", "warning", "notice", "info", "debug"];
    expect(levels.filter((level) => logs.isEnabled(level)).join(" ")).toBe(heard);
    await logs.close();
  });

  test("without any log only trouble is seen, and what the terminal asked for", () => {
    const { logs, settings } = open();
    logs.configure({ ...settings, file: undefined });
    expect([logs.isEnabled("error"), logs.isEnabled("notice")]).toEqual([true, false]);
    const talkative = open({ verbose: true });
    talkative.logs.configure({ ...settings, file: undefined });
    expect([talkative.logs.isEnabled("notice"), talkative.logs.isEnabled("info")]).toEqual([
      true,
      false,
    ]);
  });
});

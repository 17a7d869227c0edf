import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startServer, temporaryFolder } from "../../../test/support/control-server.ts";
import { knockctl } from "../../../test/support/knockctl.ts";
import { tooWide } from "../../../test/support/wide.ts";
import { parseConfig } from "../../config/parse.ts";
import { isLocked } from "../../ffi/file-lock.ts";

beforeEach(() => void vi.stubEnv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22"));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const door = "[ssh]\nsequence = 7003,9140,8455\ntcpflags = syn\nopen = tcp/22\n";

/** A configuration in a folder of its own, and the daemon that has it. */
async function open(text = door) {
  const config = join(temporaryFolder(), "knockd.conf");
  writeFileSync(config, text, { mode: 0o640 });
  const { handlers, path } = await startServer();
  const status = handlers.status();
  vi.spyOn(handlers, "status").mockReturnValue({ ...status, configFile: config });
  const reload = vi.spyOn(handlers, "reload");
  const run = (...args: string[]) =>
    knockctl("rotate", ...args, "--config", config, "--socket", path);
  const doors = () => parseConfig(readFileSync(config, "utf8")).config?.doors ?? [];
  return { config, handlers, reload, run, doors };
}

describe("rotate", () => {
  test("writes another sequence, keeps the old one for a week, and reloads", async () => {
    const { config, reload, run, doors } = await open();
    const { code, stdout, stderr } = await run("ssh", "--yes");
    expect([code, stderr]).toEqual([0, ""]);
    const [changed, old] = doors();
    expect(old).toMatchObject({
      name: "ssh-old",
      sequence: { steps: [{ number: 7003 }, { number: 9140 }, { number: 8455 }] },
    });
    const week = 7 * 86_400_000;
    expect(Math.abs((old?.until ?? 0) - Date.now() - week)).toBeLessThan(60_000);
    const steps = changed?.sequence.kind === "fixed" ? changed.sequence.steps : [];
    const ports = steps.map(({ number }) => number);
    expect(ports).toHaveLength(4);
    expect(reload).toHaveBeenCalledTimes(1);
    expect(statSync(config).mode & 0o777).toBe(0o640);
    expect(stdout).toContain(`\n+sequence = ${ports.join(",")}\n`);
    expect(stdout).toContain("\n+[ssh-old]\n");
    expect(stdout).toContain(`${config} is written; knockd has reloaded it.\n`);
    expect(stdout).toContain(`knock -d 200 192.0.2.1 ${ports.join(" ")} && ssh 192.0.2.1\n`);
    expect(tooWide(stdout).filter((line) => !line.includes(config))).toEqual([]);
  });

  test("as JSON, with more ports, and without the old sequence", async () => {
    const { run, doors } = await open();
    const { stdout } = await run("ssh", "-j", "--yes", "--length", "5", "--keep-old", "0");
    expect(JSON.parse(stdout)).toMatchObject({ door: "ssh", written: true, reloaded: true });
    expect(JSON.parse(stdout)).not.toHaveProperty("old");
    expect(doors()).toMatchObject([{ name: "ssh", sequence: { steps: { length: 5 } } }]);
  });

  test("--dry-run changes nothing", async () => {
    const { config, reload, run } = await open();
    expect((await run("ssh", "--dry-run")).stdout).toContain("Nothing was changed: --dry-run.\n");
    expect([readFileSync(config, "utf8"), reload.mock.calls]).toEqual([door, []]);
  });

  test("restores the file if knockd does not accept it", async () => {
    const { config, handlers, run } = await open();
    handlers.nextReload = { kind: "refused", file: config, problems: ["I do not like it"] };
    const { code, stderr } = await run("ssh", "--yes");
    expect([code, stderr]).toEqual([1, expect.stringContaining("I do not like it")]);
    expect(readFileSync(config, "utf8")).toBe(door);
  });

  test("lets no other change in between before a file that knockd refuses is restored there, too", async () => {
    const { config, reload, run } = await open();
    const seen: [isOld: boolean, isLocked: boolean][] = [];
    reload.mockImplementation(() => {
      seen.push([readFileSync(config, "utf8") === door, isLocked(dirname(config))]);
      return { kind: "refused", file: config, problems: ["no"] };
    });
    expect((await run("ssh", "--yes")).stderr).toContain("the files are as before");
    expect(seen).toEqual([
      [false, true],
      [true, true],
    ]);
    expect(isLocked(dirname(config))).toBe(false);
  });

  test("writes the file without a daemon", async () => {
    const { config, doors } = await open();
    const where = ["--config", config, "--socket", "/nonexistent/s"];
    const { code, stdout } = await knockctl("rotate", "ssh", "--yes", ...where);
    expect([code, doors().length]).toEqual([0, 2]);
    expect(stdout).toContain("is written; knockd does not run with it");
  });

  test("keeps bytes that are not UTF-8", async () => {
    const { config, run } = await open();
    writeFileSync(config, Buffer.from(`# f\xfcr\n${door}`, "latin1"));
    expect(await run("ssh", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(config, "latin1").slice(0, 6)).toBe("# f\xfcr\n");
  });

  test.each([
    [["shs", "--yes"], door, 1, 'there is no door "shs"\nknockctl: hint: did you mean "ssh"?'],
    [["ssh"], door, 2, "stdin is not a terminal; use --yes or --dry-run"],
    [["ssh", "--yes", "--keep-old", "x"], door, 2, '--keep-old: "x" is not a length of time'],
    [["ssh", "--yes", "--length", "2"], door, 2, "is not from 3 to 32"],
    [["ssh", "--yes"], `${door}${door}`, 1, "several doors are named [ssh]"],
    [["ssh", "--yes"], door.replace("syn", "fin"), 1, "[ssh] wants other packets than knock sends"],
    [
      ["x", "--yes"],
      "[x]\none_time_sequences = /l\ncommand = a\n",
      1,
      "[x] has one-time sequences",
    ],
  ])("refuses %j", async (args, text, code, message) => {
    const { config, run } = await open(text);
    const result = await run(...args);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(readFileSync(config, "utf8")).toBe(text);
  });
});

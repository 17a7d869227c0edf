import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { getopt } from "../../src/cli/getopt.ts";
import { options } from "../../src/cli/knockd.ts";
import { parseConfig } from "../../src/config/parse.ts";

// What the scripts of the Debian package make of /etc/default/knockd and of knockd's options.

const script = join(import.meta.dirname, "../../packaging/debian/options.sh");
const folder = mkdtempSync(join(tmpdir(), "options-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a command prints, line by line, in a script that ends at the first failure. */
function lines(command: string, args: readonly string[] = []): string[] {
  const argv = ["-ec", `. ${script}\ndefaults=${folder}/defaults\n${command}`, "sh", ...args];
  const { stdout, stderr, status } = spawnSync("/bin/sh", argv, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.split("\n").slice(0, -1);
}

function settings(text: string): string[] {
  writeFileSync(join(folder, "defaults"), text);
  return lines('echo "$(setting KNOCKD_OPTS)"; echo "$(setting START_KNOCKD)"');
}

test.each([
  ['START_KNOCKD=0\nKNOCKD_OPTS="-i eth1"\n', "-i eth1", "0"],
  ['KNOCKD_OPTS="-i eth1" # wired\nSTART_KNOCKD=1', "-i eth1", "1"],
  ['LINK=eth1\necho read\nKNOCKD_OPTS="-i $LINK"\n', "-i eth1", ""],
  ['LINK=eth1\nKNOCKD_OPTS="-i $LINK"\n[ -d /nowhere ] && KNOCKD_OPTS=-d\n', "-i eth1", ""],
  ["#START_KNOCKD=1\n#KNOCKD_OPTS=-d\n", "", ""],
  ["", "", ""],
])("what a shell understands is read as it does: %j", (text, opts, start) => {
  expect(settings(text)).toEqual([opts, start]);
});

test.each([
  ["KNOCKD_OPTS=-i eth1\nSTART_KNOCKD=0\n", "-i eth1", "0"],
  ['START_KNOCKD = "0"\nKNOCKD_OPTS = "-i eth1"\n', "-i eth1", "0"],
  ["KNOCKD_OPTS='-i eth0'\nKNOCKD_OPTS=-i eth1\n", "-i eth1", ""],
  ['START_KNOCKD=0\nKNOCKD_OPTS="-i eth1\n', "-i eth1", "0"],
  ["START_KNOCKD=0\n)\n", "", "0"],
])("what no shell understands is read as systemd does: %j", (text, opts, start) => {
  expect(settings(text)).toEqual([opts, start]);
});

test("a file that is not there says nothing", () => {
  rmSync(join(folder, "defaults"), { force: true });
  expect(lines('echo "$(setting KNOCKD_OPTS)"')).toEqual([""]);
});

const files = (args: readonly string[]) =>
  lines('read_options "$@"\necho "$config"\necho "$pidfile"', args);

const argument = fc.oneof(
  fc.constantFrom("-c", "-p", "-i", "-g", "--config", "--pid", "--int", "--logfile"),
  fc.constantFrom(
    "-ca",
    "-dcb",
    "-4pc",
    "-d",
    "-vD",
    "--conf=d",
    "--pidfile=e",
    "--daemon",
    "--dry",
  ),
  fc.constantFrom("f", "/g", "--", "operand"),
);

test("the files that options name are those that knockd takes", () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
      const given = understood(args);
      if (given === undefined) return;
      const [config, pidfile] = [given.get("config"), given.get("pidfile")];
      expect(files(args)).toEqual([config ?? "/etc/knockd.conf", pidfile ?? "/run/knockd.pid"]);
    }),
    { numRuns: 200 },
  );
});

/** The options as knockd reads them; undefined if it does not start with them. */
function understood(args: readonly string[]): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(getopt(args, options).flags.map(({ name, value = "" }) => [name, value]));
  } catch {
    return undefined;
  }
}

test("options that knockd does not start with do no harm", () => {
  expect(files(["-c"])).toEqual(["/etc/knockd.conf", "/run/knockd.pid"]);
  expect(files(["-x", "-c", "a", "--nonsense"])).toEqual(["a", "/run/knockd.pid"]);
});

test("directives of the configuration are read as knockd reads them", () => {
  const file = join(folder, "knockd.conf");
  const text =
    "[options]\n PidFile = /run/a\n  pidfile=/run/b#1 # now\nStateDir = /my state\r\nControlSocket = #\n";
  writeFileSync(file, text);
  expect(files(["-c", file])).toEqual([file, "/run/b#1"]);
  expect(files(["-c", file, "-p", "c"])).toEqual([file, "c"]);
  const said = lines(`config=${file}\ndirective STATEDIR /d\ndirective ControlSocket /c`);
  const { options } = parseConfig(text);
  expect([options.pidFile, options.stateDir, options.controlSocket]).toEqual([
    "/run/b#1",
    "/my state",
    undefined,
  ]);
  expect(said).toEqual([options.stateDir, "/c"]);
});

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../../test/support/control-server.ts";
import { complaint, runProgram } from "./run-program.ts";

test.each([
  ["nft: no such table\n", "", "nft: no such table"],
  ["one\ntwo\n", "three\n", "two"],
  ["", "on standard output\n", "on standard output"],
  [
    "knock: error: no way\nknock: hint: another one\nknock: hint: or none\n",
    "",
    "knock: error: no way",
  ],
  ["", "", "exit status 3"],
])("of %j and %j what counts is %j", (stderr, stdout, expected) => {
  expect(complaint({ code: 3, stdout, stderr })).toBe(expected);
});

test.each([
  ["exit status", ["sh", "-c", "echo out; echo err >&2; exit 3"], {}, [3, "out\n", "err\n"]],
  ["input", ["cat"], { input: "read\n" }, [0, "read\n", ""]],
  ["input that the program does not read", ["true"], { input: "x".repeat(1 << 20) }, [0, "", ""]],
  ["time limit", ["sleep", "60"], { timeout: 20 }, [124, "", "it ran out of time"]],
  ["unknown program", ["/no/such"], {}, [127, "", "spawn /no/such ENOENT"]],
  ["file that is not executable", ["/etc/passwd"], {}, [126, "", "spawn /etc/passwd EACCES"]],
  ["signal", ["sh", "-c", "kill -KILL $$"], {}, [137, "", "killed by SIGKILL"]],
])("%s", async (_, argv, options, [code, stdout, stderr]) => {
  expect(await runProgram(argv as string[], options)).toEqual({ code, stdout, stderr });
});

test("a program that prints too much has failed", async () => {
  expect((await runProgram(["yes"], { maxBuffer: 100 })).code).toBe(126);
});

test("a shielded program goes on at the signals that end a job", async () => {
  const script = "for name in HUP INT TERM; do kill -$name $$; done; echo done";
  expect(await runProgram(["sh", "-c", script])).toMatchObject({ code: 129, stdout: "" });
  const result = await runProgram(["sh", "-c", script], { isShielded: true });
  expect(result).toEqual({ code: 0, stdout: "done\n", stderr: "" });
});

test("a shielded program starts again if a signal came before it began", async () => {
  const folder = temporaryFolder();
  const begun = join(folder, "begun");
  const hit = `test -e '${begun}' || { : >'${begun}'; kill -HUP $$; }`;
  writeFileSync(join(folder, "sh"), `#!/bin/sh\n${hit}\nexec /bin/sh "$@"\n`);
  chmodSync(join(folder, "sh"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  try {
    const result = await runProgram(["echo", "once"], { isShielded: true });
    expect(result).toEqual({ code: 0, stdout: "once\n", stderr: "" });
  } finally {
    vi.unstubAllEnvs();
  }
});

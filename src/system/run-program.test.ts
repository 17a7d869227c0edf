import { expect, test } from "vitest";
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

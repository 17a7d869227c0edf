import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SlowProgram } from "../../test/support/slow-program.ts";
import { openMemoryFile } from "../ffi/memory-file.ts";
import { runBeside } from "./run-beside.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sesame-beside-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("runBeside", () => {
  test("tells the status and both outputs, and where it runs", async () => {
    let pid = 0;
    const started = (number: number) => {
      pid = number;
    };
    const result = await runBeside(["sh", "-c", "echo $$; echo bad >&2; exit 3"], { started });
    expect(result).toEqual({ code: 3, stdout: `${pid}\n`, stderr: "bad\n" });
  });

  test("gives a program its input, and otherwise none", async () => {
    const input = "a line\n".repeat(20_000);
    expect((await runBeside(["cat"], { input })).stdout).toBe(input);
    expect(await runBeside(["cat"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("hands a descriptor on as number 3", async () => {
    const hold = openMemoryFile("rules", "some rules");
    expect((await runBeside(["cat", "/proc/self/fd/3"], { hold })).stdout).toBe("some rules");
    closeSync(hold);
  });

  test("finds programs for administrators, whatever the PATH of this process", async () => {
    const before = process.env["PATH"];
    process.env["PATH"] = "/nowhere:/usr/bin:/bin";
    try {
      expect((await runBeside(["ldconfig", "--version"])).code).toBe(0);
    } finally {
      process.env["PATH"] = before;
    }
  });

  test("passes over what it may not run, as a shell does", async () => {
    const before = process.env["PATH"];
    writeFileSync(join(folder, "true"), "", { mode: 0o644 });
    process.env["PATH"] = `${folder}:/usr/bin:/bin`;
    try {
      expect((await runBeside(["true"])).code).toBe(0);
      writeFileSync(join(folder, "only-here"), "", { mode: 0o644 });
      expect(await runBeside(["only-here"])).toMatchObject({ code: 126 });
    } finally {
      process.env["PATH"] = before;
    }
  });

  test("tells a program that does not exist from one that cannot be run", async () => {
    expect(await runBeside(["not-there-at-all"])).toMatchObject({ code: 127 });
    expect(await runBeside([folder])).toMatchObject({ code: 126 });
  });

  test("kills a program that takes too long, or by a signal of the caller", async () => {
    const late = { code: 124, stdout: "", stderr: "it ran out of time" };
    expect(await runBeside(["sleep", "60"], { timeout: 300 })).toEqual(late);
    const ended = await runBeside(["sh", "-c", "kill -TERM $$"]);
    expect(ended).toEqual({ code: 143, stdout: "", stderr: "killed by SIGTERM" });
    const signal = AbortSignal.timeout(300);
    expect(await runBeside(["sleep", "60"], { signal })).toEqual(late);
  });

  test("kills what the program started, too", async () => {
    const script = "sleep 60 & echo $!; wait";
    const { stdout } = await runBeside(["sh", "-c", script], { timeout: 1000 });
    const started = Number(stdout);
    expect(started).toBeGreaterThan(1);
    await expect.poll(() => isRunning(started), { timeout: 20_000 }).toBe(false);
  });

  test("lets this thread go on while the system loads the program, and gives it up", async () => {
    const program = new SlowProgram(join(folder, "slow"), "echo loaded");
    const begun = performance.now();
    const result = runBeside([program.path], { timeout: 500 });
    // A thread that waits with it would wait for 45 s.
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(await result).toMatchObject({ code: 124 });
    program.release();
  });
});

/** Returns whether the process runs; a zombie does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

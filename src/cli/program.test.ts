import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { KnockError } from "../base/errors.ts";
import { run } from "./program.ts";

afterEach(() => vi.unstubAllEnvs());

async function stderrOf(thrown: unknown): Promise<string> {
  let stderr = "";
  const io = {
    stdout: () => {},
    stderr: (text: string) => {
      stderr += text;
    },
  };
  const failing = () => Promise.reject(thrown);
  expect(await run("knockd", failing, [], io)).toBe(1);
  return stderr;
}

test("main gets the arguments, and its exit code counts", async () => {
  const io = { stdout: () => {}, stderr: () => {} };
  const code = await run("knockd", async (args) => args.length, ["-d", "-v", "x"], io);
  expect(code).toBe(3);
});

test.each([
  ["a KnockError", new KnockError("USAGE", "no door"), "knockd: error: no door\n"],
  [
    "a KnockError with hints",
    new KnockError("USAGE", "no door", { hints: ["build one", "or two"], cause: new Error("x") }),
    "knockd: error: no door\nknockd: hint: build one\nknockd: hint: or two\n",
  ],
  [
    "any other error",
    new TypeError("x is not a function"),
    "knockd: internal error: x is not a function\n",
  ],
  ["what is no error at all", "odd", "knockd: internal error: odd\n"],
])("%s is printed without its stack", async (_, thrown, stderr) => {
  expect(await stderrOf(thrown)).toBe(stderr);
});

test("SESAME_TRACE shows the stack and the cause", async () => {
  vi.stubEnv("SESAME_TRACE", "1");
  const stderr = await stderrOf(new KnockError("SEND", "no", { cause: new Error("why not") }));
  expect(stderr).toMatch(/^knockd: error: no\n.*\n +at .*why not/s);
});

test("a launcher without a build says what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sesame-launcher-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  // With bin/package.json, which makes the launchers CommonJS.
  await cp(new URL("../../bin", import.meta.url), join(folder, "bin"), { recursive: true });
  const launcher = join(folder, "bin", "knock");
  const stderr = await new Promise((resolve) => {
    execFile(process.execPath, [launcher, "-V"], (_, __, text) => resolve(text));
  });
  expect(stderr).toBe("knock: error: not built: run npm run build\n");
});

/** A program of its own, whose `main` has this body. */
async function start(body: string) {
  const contents = `import { runProgram } from "./program.ts";
    await runProgram("x", async (_, io) => { ${body} });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
  });
  const script = outputFiles.map((file) => file.text).join("");
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("SIGUSR1, at which Node would open a debugger, is nothing to a program", async () => {
  const program = await start(`
    io.stdout("ready");
    return new Promise((resolve) => process.stdin.once("end", () => resolve(7)).resume());
  `);
  await once(program.stdout, "data");
  program.kill("SIGUSR1");
  // Long enough for the debugger to say that it listens.
  await new Promise((resolve) => setTimeout(resolve, 300));
  program.stdin.end();
  const [stderr, [code]] = await Promise.all([text(program.stderr), once(program, "close")]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 7 });
});

test.each([
  ["stdout", "stderr"],
  ["stderr", "stdout"],
] as const)("a reader of %s that is stuck costs lines, not memory", async (stuck, other) => {
  const program = await start(`
    for (let i = 0; i < 4096; i++) io.${stuck}("x".repeat(1024));
    io.${other}(String(process.${stuck}.writableLength));
    return 0;
  `);
  const waiting = Number(await text(program[other]));
  expect(waiting).toBeGreaterThan(2 ** 19);
  expect(waiting).toBeLessThanOrEqual(2 ** 20);
});

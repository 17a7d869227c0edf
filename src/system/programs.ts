import { execFile } from "node:child_process";
import { withSystemPath } from "../base/environment.ts";

/** How a program ended, and what it said. */
export interface ProgramResult {
  /** 127: there is no such program; 124: it took too long. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds that a program may take, unless the caller knows better. */
const patience = 30_000;

/** Runs a program to its end. What becomes of it is for the caller to judge: nothing is thrown. */
export function run(
  [program = "", ...args]: readonly string[],
  timeout: number = patience,
): Promise<ProgramResult> {
  const env = withSystemPath(process.env);
  return new Promise((resolve) => {
    const settings = { env, timeout, killSignal: "SIGKILL", encoding: "utf8" } as const;
    execFile(program, args, settings, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (error.code === "ENOENT") return resolve({ code: 127, stdout, stderr: error.message });
      const code = error.killed ? 124 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** What a program complained of, in a line: the last, but for the advice that ours give. */
export function complaint({ code, stdout, stderr }: ProgramResult): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return lines.findLast((line) => !line.includes(": hint: ")) || `exit status ${code}`;
}

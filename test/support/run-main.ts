import type { Io, Main } from "../../src/cli/program.ts";
import { run } from "../../src/cli/program.ts";

/** How a program ended, and all that it printed. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program's `main` in this process. */
export async function runMain(name: string, main: Main, args: readonly string[]): Promise<Printed> {
  const output = { stdout: "", stderr: "" };
  const io: Io = {
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += text;
    },
  };
  return { code: await run(name, main, args, io), ...output };
}

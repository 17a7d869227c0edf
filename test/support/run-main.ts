import { Readable } from "node:stream";
import type { Io, Main, TerminalSize } from "../../src/cli/program.ts";
import { fitLines, run } from "../../src/cli/program.ts";

/** How a program ended, and all that it printed. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program's `main` in this process, with an input if given; with a terminal as if it showed what is printed. */
export async function runMain(
  name: string,
  main: Main,
  args: readonly string[],
  terminal?: TerminalSize,
  input?: string,
): Promise<Printed> {
  const output = { stdout: "", stderr: "" };
  const io: Io = {
    stdout: (text) => {
      output.stdout += text;
    },
    stderr: (text) => {
      output.stderr += fitLines(text, terminal);
    },
    ...(input !== undefined && { input: () => Readable.from([Buffer.from(input)]) }),
    terminal,
  };
  return { code: await run(name, main, args, io), ...output };
}

import type { ProcessResult, StartOptions } from "./process.ts";
import { Process } from "./process.ts";

export interface LiveRunOptions extends StartOptions {
  /** Milliseconds after which the program is killed and the run fails. Default 120 s. */
  readonly timeout?: number;
  /** The exit codes that are no failure. Default 0 alone; "any" for all. */
  readonly ok?: readonly number[] | "any";
}

/** Runs a program to its end. Fails when its exit code is not among `ok`, or it takes longer than `timeout`. */
export async function run(
  argv: readonly string[],
  options: LiveRunOptions = {},
): Promise<ProcessResult> {
  const { timeout = 120_000, ok = [0] } = options;
  const program = new Process(argv, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    program.signal("SIGKILL");
  }, timeout);
  const ended = await program.ended.finally(() => clearTimeout(timer));
  const said = `${ended.stderr}${ended.stdout}`.trim();
  if (late) throw new Error(`${argv.join(" ")} took longer than ${timeout} ms: ${said}`);
  if (ok !== "any" && !ok.includes(ended.code)) {
    throw new Error(`${argv.join(" ")} ended with code ${ended.code}: ${said}`);
  }
  return ended;
}

import type { ExecFileException } from "node:child_process";
import { execFile } from "node:child_process";
import { constants } from "node:os";
import { withSystemPath } from "../base/environment.ts";
import { reason } from "../base/errors.ts";

/** How a program ended, and what it printed. */
export interface ProgramResult {
  /** The exit status; 124: it ran out of time, 126: it cannot be run, 127: it does not exist, 128 + n: signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Milliseconds, after which the program is killed (30,000). */
  readonly timeout?: number;
  /** Bytes that the program may print (1 MiB); it is killed if it prints more. */
  readonly maxBuffer?: number;
  /** What the program reads from standard input. */
  readonly input?: string;
  /**
   * Whether the program ignores SIGHUP, SIGINT and SIGTERM, as what rolls back changes must: terminals and
   * service managers send them to all processes of a job, also again, and also to those that start meanwhile.
   */
  readonly isShielded?: boolean;
}

/** Runs the program behind it without those signals. */
const shield = ["sh", "-c", 'trap "" HUP INT TERM; exec "$@"', "sh"];

/** How often a shielded program is started: a signal may end the shell before it ignores any. */
const mostStarts = 5;

/** Runs a program with the system's directories in its PATH. Never throws: the caller judges the result. */
export async function runProgram(
  argv: readonly string[],
  { isShielded = false, ...options }: RunOptions = {},
): Promise<ProgramResult> {
  if (!isShielded) return await runOnce(argv, options);
  let result = await runOnce([...shield, ...argv], options);
  for (let starts = 1; starts < mostStarts && interrupted.includes(result.code); starts++) {
    result = await runOnce([...shield, ...argv], options);
  }
  return result;
}

const interrupted = [
  constants.signals.SIGHUP,
  constants.signals.SIGINT,
  constants.signals.SIGTERM,
].map((signal) => 128 + signal);

function runOnce(
  [program = "", ...args]: readonly string[],
  { timeout = 30_000, input = "", ...rest }: Omit<RunOptions, "isShielded">,
): Promise<ProgramResult> {
  const env = withSystemPath(process.env);
  const settings = { env, timeout, killSignal: "SIGKILL", encoding: "utf8", ...rest } as const;
  return new Promise((resolve) => {
    try {
      const child = execFile(program, args, settings, (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === "number") resolve({ code: error.code, stdout, stderr });
        else resolve({ code: statusOf(error), stdout, stderr: stderr || describe(error) });
      });
      // A program that does not read its input closes the pipe.
      child.stdin?.on("error", () => {}).end(input);
    } catch (error) {
      // Node throws if the system has no memory or no descriptors left.
      resolve({ code: 126, stdout: "", stderr: reason(error) });
    }
  });
}

function statusOf({ code, killed, signal }: ExecFileException): number {
  if (code === "ENOENT") return 127;
  if (killed) return 124;
  return signal ? 128 + constants.signals[signal] : 126;
}

/** Node's own message of a program that was killed is its whole command line. */
function describe(error: ExecFileException): string {
  if (error.killed) return "it ran out of time";
  return error.signal ? `killed by ${error.signal}` : reason(error);
}

/** Returns the program's own error in one line: the last line it printed that is not a hint. */
export function complaint({ code, stdout, stderr }: ProgramResult): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return lines.findLast((line) => !line.includes(": hint: ")) || `exit status ${code}`;
}

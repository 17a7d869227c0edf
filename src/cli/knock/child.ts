import { spawn } from "node:child_process";
import { constants } from "node:os";
import { reason } from "../../base/errors.ts";
import type { Io } from "../program.ts";
import { formatError } from "../words/error.ts";
import { localizeKnock } from "../words/knock-korean.ts";

/** A terminal sends these to both processes. */
const fromTerminal = ["SIGINT", "SIGQUIT"] as const;

const forwarded = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/**
 * Runs a command in place of this program: with its input and output, and with its signals. Returns the exit code
 * as a shell does: 128 + the signal that ended it, 127 if the program does not exist, 126 if it cannot be run.
 */
export async function runChild(
  [program = "", ...args]: readonly string[],
  io: Io,
): Promise<number> {
  const child = spawn(program, args, { stdio: "inherit" });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  const passUnlessTerminal = (signal: NodeJS.Signals) => {
    if (!process.stdin.isTTY) pass(signal);
  };
  for (const signal of forwarded) process.on(signal, pass);
  for (const signal of fromTerminal) process.on(signal, passUnlessTerminal);
  return await new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "ENOENT";
      const message = isMissing
        ? `there is no command ${program}`
        : `cannot run ${program}: ${reason(error)}`;
      io.stderr(formatError("knock", { message, hints: [] }, localizeKnock));
      resolve(isMissing ? 127 : 126);
    });
    child.on("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/** Expands a profile's `Then`: `%h` is the host, `%a` its address, `%p` the port of `Wait`, `%n` the profile, `%%` a percent sign. */
export function expand(
  words: readonly string[],
  values: Readonly<Record<"h" | "a" | "p" | "n", string>>,
): string[] {
  const all: Readonly<Record<string, string>> = { ...values, "%": "%" };
  return words.map((word) => word.replace(/%([hapn%])/g, (_, letter: string) => all[letter] ?? ""));
}

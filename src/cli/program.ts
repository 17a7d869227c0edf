import { inspect } from "node:util";
import { KnockError, reason } from "../base/errors.ts";

import { breakLines } from "./help.ts";
import { textWidth } from "./text-width.ts";

/** Where a program prints. The text brings its own line ends. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Opens standard input; absent if there is none. */
  readonly input?: (() => ProgramInput) | undefined;
  /** The terminal that shows standard output; absent if none does. */
  readonly terminal?: TerminalSize | undefined;
}

/** Standard input, or bytes in its place. */
export type ProgramInput = NodeJS.ReadStream | AsyncIterable<Uint8Array>;

export interface TerminalSize {
  /** Its width at this moment. */
  readonly columns: number;
}

/** A program: its arguments (without the program's own name) to its exit code. */
export type Main = (args: readonly string[], io: Io) => Promise<number>;

/** How long what was printed may take to get out at the end: milliseconds. */
const flushTimeout = 300;

/** The width of a terminal that does not tell it. */
export const usualColumns = 80;

/** What may wait for a slow reader: bytes. Beyond it lines are lost, not memory. */
const mostUnread = 1 << 20;

/**
 * Runs `main` on this process's arguments and ends the process with its exit code. What it throws is
 * printed as `NAME: error: …` and ends the process with 1; if the environment has SESAME_TRACE, the
 * stack and the causes follow.
 */
export async function runProgram(name: string, main: Main): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away (`| head`) must not stop a knock half-way.
    stream.on("error", () => {});
  }
  // Else Node opens a debugger at it, in which every user of this host could run code as ours.
  process.on("SIGUSR1", () => {});
  const printError = printer(process.stderr);
  const io: Io = {
    stdout: printer(process.stdout),
    stderr: (text) => printError(fitLines(text, terminalOf(process.stderr))),
    input: () => process.stdin,
    terminal: terminalOf(process.stdout),
  };
  process.on("uncaughtException", (thrown) => {
    io.stderr(describe(name, thrown));
    if (process.env["SESAME_TRACE"]) io.stderr(`${inspect(thrown)}\n`);
    process.exit(1);
  });
  const code = await run(name, main, process.argv.slice(2), io);
  // On Windows and macOS a pipe is written later: what is printed should get out before the exit, but
  // a reader that is stuck must not keep us.
  setTimeout(() => process.exit(code), flushTimeout).unref();
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

function printer(stream: NodeJS.WriteStream): (text: string) => void {
  return (text) => stream.writableLength < mostUnread && stream.write(text);
}

function terminalOf(stream: NodeJS.WriteStream): TerminalSize | undefined {
  if (!stream.isTTY) return undefined;
  return {
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.columns || usualColumns;
    },
  };
}

/**
 * Breaks the lines of a text that are too long for the terminal, each after its indentation. Lines
 * that control it and those of a unified diff stay as they are.
 */
export function fitLines(text: string, terminal: TerminalSize | undefined): string {
  if (terminal === undefined || text.includes("\r") || text.includes("\u001b")) return text;
  const { columns } = terminal;
  let isDiff = false;
  const fitLine = (line: string, i: number, lines: readonly string[]) => {
    isDiff = isDiff
      ? /^[-+ @\\]/.test(line)
      : line.startsWith("--- ") && lines[i + 1]?.startsWith("+++ ") === true;
    if (isDiff || textWidth(line) <= columns) return line;
    const [indent = ""] = /^\s+/.exec(line) ?? [];
    const next = `\n${" ".repeat(indent.length + 2)}`;
    const rest = line.slice(indent.length);
    return `${indent}${breakLines(rest, columns - indent.length - 2).join(next)}`;
  };
  return text.split("\n").map(fitLine).join("\n");
}

/** `runProgram` without the process: for tests. */
export async function run(
  name: string,
  main: Main,
  args: readonly string[],
  io: Io,
): Promise<number> {
  try {
    return await main(args, io);
  } catch (thrown) {
    io.stderr(describe(name, thrown));
    if (process.env["SESAME_TRACE"]) io.stderr(`${inspect(thrown)}\n`);
    return 1;
  }
}

function describe(name: string, thrown: unknown): string {
  if (!(thrown instanceof KnockError)) return `${name}: internal error: ${reason(thrown)}\n`;
  const hints = thrown.hints.map((hint) => `${name}: hint: ${hint}\n`);
  return `${name}: error: ${thrown.message}\n${hints.join("")}`;
}

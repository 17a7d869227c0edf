import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { parseDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultControlSocket } from "../../base/paths.ts";
import type { ControlClient } from "../../control/client.ts";
import { openClient } from "../../control/client.ts";
import { encode } from "../../control/protocol.ts";
import type { Option } from "../getopt.ts";
import type { Io } from "../program.ts";

/** A command of `knockctl`. */
export interface Command {
  readonly name: string;
  /** Its line in `knockctl --help`. */
  readonly summary: string;
  /** The text of `knockctl NAME --help`. */
  readonly usage: string;
  /** Its options, except --help. */
  readonly options: readonly Option[];
  /** Returns the exit code: 0, or 1 if it was refused or failed. Throws USAGE for an invalid command line. */
  readonly run: (line: CommandLine, io: Io) => Promise<number>;
}

export interface CommandLine {
  /** The options that were given, by long name. */
  readonly given: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

export const jsonOption: Option = { long: "json" };

/** The options of every command that asks the daemon. */
export const clientOptions: readonly Option[] = [{ long: "socket", argument: "PATH" }, jsonOption];

/** The lines of these options in a usage text. */
export const clientUsage: string = `  --socket PATH  where the daemon listens (default: ${defaultControlSocket})
  --json         print JSON
  --help         print this text
`;

/** Runs `task` with a connection to the daemon of the command line, and closes it. Throws SYSTEM. */
export async function withDaemon<T>(
  { given }: CommandLine,
  task: (daemon: ControlClient) => Promise<T>,
): Promise<T> {
  const daemon = await openClient(given.get("socket") ?? defaultControlSocket, systemClock);
  try {
    return await task(daemon);
  } finally {
    daemon.close();
  }
}

const gone = new AbortController();
process.stdout.once("error", () => gone.abort());

/** Aborted when the reader of standard output ends, such as `| head`. */
export const nobodyReads: AbortSignal = gone.signal;

/** Prints a result: as JSON if --json was given, else as text. */
export function print(line: CommandLine, io: Io, result: unknown, text: () => string): void {
  io.stdout(line.given.has("json") ? `${encode(result)}\n` : text());
}

/** Throws USAGE if there are more or fewer operands. */
export function expectOperands({ operands }: CommandLine, least: number, most: number): void {
  if (operands.length > most) throw usageError(`unexpected "${operands[most]}"`);
  if (operands.length < least) throw usageError("too few arguments");
}

/** Returns the one operand that a command takes. Throws USAGE if there are more or fewer. */
export function onlyOperand(line: CommandLine): string {
  expectOperands(line, 1, 1);
  const [operand = ""] = line.operands;
  return operand;
}

/** Reads an address. Throws USAGE. */
export function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new KnockError("USAGE", `"${text}" is not an address`, {
    hints: ["an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1"],
  });
}

/** Reads a length of time: milliseconds, at least 1. Throws USAGE. */
export function readLength(text: string): number {
  const length = parseDuration(text);
  if (length !== undefined && length > 0) return length;
  throw new KnockError("USAGE", `"${text}" is not a length of time`, {
    hints: ["a number of seconds, or one with a unit: 30s, 10m, 1h, 2d"],
  });
}

export function usageError(message: string): KnockError {
  return new KnockError("USAGE", message, { hints: ["--help says how it is used"] });
}

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

/** A command of knockctl's. It gathers what it needs, then prints it either way. */
export interface Command {
  readonly name: string;
  /** What `knockctl --help` says of it. */
  readonly summary: string;
  /** What `knockctl NAME --help` prints. */
  readonly usage: string;
  /** All that it takes, but for --help. */
  readonly options: readonly Option[];
  /** The exit code: 0, or 1 if it was refused or failed. Throws USAGE if the command line makes no sense. */
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

/** Their lines in a command's usage. */
export const clientUsage: string = `  --socket PATH  where the daemon listens (default: ${defaultControlSocket})
  --json         print JSON
  --help         print this text
`;

/** Connects as the command line says, and hangs up whatever happens. Throws SYSTEM. */
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

/** Aborted once nobody reads any more what is printed, as `| head` when it has seen enough. */
export const nobodyReads: AbortSignal = gone.signal;

/** Prints what was gathered: for programs if --json was given, else for people. */
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

/** Throws USAGE if it is none. */
export function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new KnockError("USAGE", `"${text}" is not an address`, {
    hints: ["an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1"],
  });
}

/** Milliseconds, at least 1. Throws USAGE if it is no length of time. */
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

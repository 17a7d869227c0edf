import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { systemClock } from "../../base/clock.ts";
import { parseDuration } from "../../base/duration.ts";
import { KnockError } from "../../base/errors.ts";
import { defaultControlSocket } from "../../base/paths.ts";
import type { ControlClient } from "../../control/client.ts";
import { openClient } from "../../control/client.ts";
import { encode, formatVersion } from "../../control/protocol.ts";
import type { HelpOption } from "../help.ts";
import type { Io } from "../program.ts";
import type { Screen } from "../screen.ts";
import { colorChoices, screenOf } from "../screen.ts";

/** The groups of commands in `knockctl --help`. */
export type CommandGroup = "begin" | "look" | "act" | "files" | "help";

/** A command of `knockctl`. Its usage line, its help and the reading of its command line follow from this. */
export interface Command {
  readonly name: string;
  readonly group: CommandGroup;
  /** Its line in `knockctl --help`: imperative, at most 60 characters. */
  readonly summary: string;
  readonly operands: readonly Operand[];
  /** Other ways to write it, for the usage lines: `--confirm`. */
  readonly variants?: readonly string[];
  /** The paragraphs of its help. `formatParagraphs` breaks them into lines. */
  readonly description: string;
  /** Whether it asks the daemon, and so has --socket. */
  readonly asksDaemon: boolean;
  /** Its own options. One with the name of an option of all commands takes the place of that one. */
  readonly options: readonly HelpOption[];
  /** Paragraphs after the options. */
  readonly notes?: string;
  /** Its words after `knockctl`. */
  readonly example: string;
  /** Its messages, errors included, are in the language of the environment; those of other commands are English. */
  readonly isLocalized?: true;
  /** Returns the exit code: 0, or 1 if it was refused or failed. Throws USAGE for an invalid command line. */
  readonly run: (line: CommandLine, io: Io) => Promise<number>;
}

/** An operand of a command. */
export interface Operand {
  /** In capitals, as usage lines and messages name it: `DOOR`. */
  readonly name: string;
  /** A word that may stand before it: `for`. */
  readonly keyword?: string;
  /** Takes the place of an operand that is missing. */
  readonly usual?: string;
  readonly isOptional?: true;
  /** The last operand only: stands for any number of operands, also none. */
  readonly isMany?: true;
}

export interface CommandLine {
  /** The options that were given, by long name. */
  readonly given: ReadonlyMap<string, string>;
  /** As many as the command takes, without keywords. */
  readonly operands: readonly string[];
}

/** Runs `task` with a connection to the daemon of the command line, and closes it. Throws SYSTEM. */
export async function withDaemon<T>(
  { given }: Pick<CommandLine, "given">,
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

/** Prints a result: as JSON if --json was given, else as text for the screen that shows it. */
export function print(
  line: CommandLine,
  io: Io,
  result: object,
  text: (screen: Screen) => string,
): void {
  const json = () => `${encode({ version: formatVersion, ...result })}\n`;
  io.stdout(line.given.has("json") ? json() : text(screenFor(line, io)));
}

/** Returns the screen that shows standard output, with colours as --color says. */
export function screenFor({ given }: Pick<CommandLine, "given">, io: Io): Screen {
  const wanted = colorChoices.find((choice) => choice === given.get("color"));
  return screenOf(io, wanted ?? "auto", process.env);
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

/** Returns an error in the command line. The usage line of the command follows it. */
export function usageError(message: string, hint?: string): KnockError {
  return new KnockError("USAGE", message, { hints: hint === undefined ? [] : [hint] });
}

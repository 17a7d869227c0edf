import { KnockError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

export interface Option {
  /** One letter. */
  readonly short?: string;
  readonly long: string;
  /** What messages call its argument, such as `FILE`; an option without it takes none. */
  readonly argument?: string;
  /** May be given several times, which is the same as once with commas between the values. */
  readonly many?: true;
}

export interface Flag {
  /** The long name of the option, however it was written. */
  readonly name: string;
  readonly value?: string;
}

export interface Arguments {
  readonly flags: readonly Flag[];
  readonly operands: readonly string[];
  /** How many of the operands stand before a `--`; undefined if there is none. */
  readonly dashes?: number;
}

/**
 * Reads a command line as getopt_long(3) does: clusters (`-dv`), `-iVALUE`, `-i VALUE`,
 * `--long=VALUE`, `--long VALUE`, unique prefixes of long names, operands among the options, and `--`
 * to end them.
 * Throws `USAGE` at the first argument that fits no option.
 */
export function getopt(args: readonly string[], options: readonly Option[]): Arguments {
  const flags: Flag[] = [];
  const operands: string[] = [];
  const rest = [...args];
  let dashes: number | undefined;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      dashes = operands.length;
      operands.push(...rest);
      break;
    }
    if (arg.startsWith("--")) flags.push(readLong(arg, rest, options));
    else if (arg.startsWith("-") && arg !== "-") flags.push(...readCluster(arg, rest, options));
    else operands.push(arg);
  }
  return { flags, operands, ...(dashes !== undefined && { dashes }) };
}

/**
 * Returns the index of the first operand, or -1 if there is none, as `getopt` sees it. Passes over options that
 * are not in the table, as if they took no argument.
 */
export function findOperand(args: readonly string[], options: readonly Option[]): number {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return i + 1 < args.length ? i + 1 : -1;
    if (!arg.startsWith("-") || arg === "-") return i;
    if (takesNext(arg, options)) i++;
  }
  return -1;
}

/** Returns whether the argument of an option is the next word. */
function takesNext(arg: string, options: readonly Option[]): boolean {
  if (arg.startsWith("--")) {
    const name = arg.slice(2);
    const candidates = options.filter(({ long }) => long.startsWith(name));
    const found = candidates.find(({ long }) => long === name) ?? candidates[0];
    return found?.argument !== undefined;
  }
  const letters = [...arg.slice(1)];
  const first = letters.findIndex((letter) =>
    options.some(({ short, argument }) => short === letter && argument !== undefined),
  );
  return first >= 0 && first === letters.length - 1;
}

/** Takes the value from `rest` if the option needs one that was not written with it. */
function readLong(arg: string, rest: string[], options: readonly Option[]): Flag {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  const option = findLong(name, options);
  if (option.argument !== undefined) return withValue(option, `--${option.long}`, value, rest);
  if (value !== undefined) throw usageError(`option '--${option.long}' takes no argument`);
  return { name: option.long };
}

function readCluster(arg: string, rest: string[], options: readonly Option[]): Flag[] {
  const flags: Flag[] = [];
  for (let i = 1; i < arg.length; i++) {
    const letter = `-${arg[i]}`;
    const option = options.find(({ short }) => short === arg[i]);
    if (option === undefined) throw usageError(`unrecognized option '${letter}'`);
    if (option.argument !== undefined) {
      return [...flags, withValue(option, letter, arg.slice(i + 1) || undefined, rest)];
    }
    flags.push({ name: option.long });
  }
  return flags;
}

function findLong(name: string, options: readonly Option[]): Option {
  const candidates = options.filter(({ long }) => long.startsWith(name));
  const exact = candidates.find(({ long }) => long === name);
  const [first, second] = candidates;
  if (exact !== undefined) return exact;
  if (first === undefined) throw unrecognized(name, options);
  if (second === undefined) return first;
  const list = candidates.map(({ long }) => `'--${long}'`).join(", ");
  throw usageError(`option '--${name}' is ambiguous: it could be ${list}`);
}

function withValue(
  option: Option,
  written: string,
  attached: string | undefined,
  rest: string[],
): Flag {
  const value = attached ?? rest.shift();
  if (value === undefined) {
    throw usageError(`option '${written}' needs an argument: ${option.argument}`);
  }
  return { name: option.long, value };
}

function unrecognized(name: string, options: readonly Option[]): KnockError {
  const near = nearest(
    name,
    options.map(({ long }) => long),
  );
  const hint = near === undefined ? undefined : `did you mean '--${near}'?`;
  return usageError(`unrecognized option '--${name}'`, hint);
}

function usageError(message: string, hint = "--help lists the options"): KnockError {
  return new KnockError("USAGE", message, { hints: [hint] });
}

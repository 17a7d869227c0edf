import type { Arguments, Option } from "../getopt.ts";
import { getopt } from "../getopt.ts";

/** The options of knockd's client. No new option starts with their unique prefixes: `--u`, `--d`, `--h`, `--verb`, `--vers`. */
const oldOptions = [
  { short: "u", long: "udp" },
  { short: "d", long: "delay", argument: "MS" },
  { short: "4", long: "ipv4" },
  { short: "6", long: "ipv6" },
  { short: "v", long: "verbose" },
  { short: "V", long: "version" },
  { short: "h", long: "help" },
] as const;

const newOptions = [
  { long: "wait", argument: "SERVICE" },
  { long: "retry", argument: "N" },
  { long: "keep", argument: "TIME" },
  { long: "both" },
  { long: "source", argument: "ADDRESS" },
  { long: "interface", argument: "NAME" },
  { long: "full" },
  { long: "payload", argument: "DATA" },
  { long: "proxy" },
  { long: "profile", argument: "NAME" },
  { long: "sequence" },
  { long: "import" },
  { long: "request", argument: "NAME" },
  { long: "name", argument: "NAME" },
  { long: "list" },
  { long: "save", argument: "NAME" },
  { long: "print", argument: "NAME" },
  { long: "secrets" },
  { long: "force" },
  { short: "F", long: "file", argument: "FILE" },
  { long: "json" },
  { short: "q", long: "quiet" },
] as const;

/** All options. */
export const options: readonly Option[] = [...oldOptions, ...newOptions];

export type KnockOptionName = (typeof oldOptions | typeof newOptions)[number]["long"];

/** A command line of `knock`. */
export class KnockCommandLine {
  /** By long name. A repeated option has its last value, at its last place. */
  readonly #given: ReadonlyMap<string, string>;
  /** HOST, and the operands up to `--`; all operands if the `--` comes first. */
  readonly operands: readonly string[];
  /** The operands after `--`, if there are operands or --profile before it; `undefined` if not. */
  readonly rest: readonly string[] | undefined;

  /** Throws `USAGE` for an unknown option, or one that lacks its argument. */
  constructor(args: readonly string[]) {
    const { flags, operands, dashes }: Arguments = getopt(args, options);
    const given = new Map<string, string>();
    for (const { name, value = "" } of flags) {
      given.delete(name);
      given.set(name, value);
    }
    this.#given = given;
    // With --profile the command needs no operand before it.
    const split = dashes === 0 && !given.has("profile") ? undefined : dashes;
    this.operands = operands.slice(0, split);
    this.rest = split === undefined ? undefined : operands.slice(split);
  }

  has(name: KnockOptionName): boolean {
    return this.#given.has(name);
  }

  /** Returns the argument of an option, or `undefined` if it was not given. */
  get(name: KnockOptionName): string | undefined {
    return this.#given.get(name);
  }

  /** Returns the one of these options that was given last. */
  last<T extends KnockOptionName>(...names: readonly T[]): T | undefined {
    return [...this.#given.keys()].findLast((name): name is T => names.includes(name as T));
  }

  /** Returns the one of these options that was given first. */
  first<T extends KnockOptionName>(...names: readonly T[]): T | undefined {
    return [...this.#given.keys()].find((name): name is T => names.includes(name as T));
  }

  /** Whether knockd's client has all its options. */
  get isOld(): boolean {
    return newOptions.every(({ long }) => !this.#given.has(long));
  }
}

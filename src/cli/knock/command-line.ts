import type { Arguments, Option } from "../getopt.ts";
import { getopt } from "../getopt.ts";

/** Those of knockd's client. No new one begins as the unique beginnings of these: `--u`, `--d`, `--h`, `--verb`, `--vers`. */
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
  { long: "list" },
  { long: "save", argument: "NAME" },
  { long: "print", argument: "NAME" },
  { long: "secrets" },
  { long: "force" },
  { short: "F", long: "file", argument: "FILE" },
  { long: "json" },
  { short: "q", long: "quiet" },
] as const;

/** All that it takes. */
export const options: readonly Option[] = [...oldOptions, ...newOptions];

type KnockOptionName = (typeof oldOptions | typeof newOptions)[number]["long"];

/** A command line of knock's. */
export class KnockCommandLine {
  /** By long name; of an option that is repeated the last counts, and stands last. */
  readonly #given: ReadonlyMap<string, string>;
  /** HOST, and what stands between it and `--`; all operands if the `--` stands first. */
  readonly operands: readonly string[];
  /** What stands after a `--` that has operands, or --profile, before it; undefined if there is none. */
  readonly rest: readonly string[] | undefined;

  /** Throws `USAGE` for an option that there is not, or that lacks its argument. */
  constructor(args: readonly string[]) {
    const { flags, operands, dashes }: Arguments = getopt(args, options);
    const given = new Map<string, string>();
    for (const { name, value = "" } of flags) {
      given.delete(name);
      given.set(name, value);
    }
    this.#given = given;
    // With --profile nothing needs to stand before the command.
    const split = dashes === 0 && !given.has("profile") ? undefined : dashes;
    this.operands = operands.slice(0, split);
    this.rest = split === undefined ? undefined : operands.slice(split);
  }

  has(name: KnockOptionName): boolean {
    return this.#given.has(name);
  }

  /** The argument of an option; undefined if it was not given. */
  get(name: KnockOptionName): string | undefined {
    return this.#given.get(name);
  }

  /** The one of these that was given last. */
  last<T extends KnockOptionName>(...names: readonly T[]): T | undefined {
    return [...this.#given.keys()].findLast((name): name is T => names.includes(name as T));
  }

  /** The one of these that was given first. */
  first<T extends KnockOptionName>(...names: readonly T[]): T | undefined {
    return [...this.#given.keys()].find((name): name is T => names.includes(name as T));
  }

  /** Whether knockd's client would understand all its options. */
  get isOld(): boolean {
    return newOptions.every(({ long }) => !this.#given.has(long));
  }
}

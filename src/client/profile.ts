import type { KnockPlan, RequestedFamily, Step } from "./plan.ts";
import { checkHost } from "./plan.ts";
import type { Wait } from "./wait.ts";

/** How to knock, and what for. What nobody said is undefined: then the program's own default counts. */
export interface Settings {
  /** Where the packets go: a name or an address. */
  readonly host?: string;
  /** At least one. */
  readonly steps?: readonly Step[];
  /** Milliseconds between one step and the next. */
  readonly delay?: number;
  /** Knock until this service answers. */
  readonly wait?: Wait;
  /** How often to knock again if it does not. */
  readonly retry?: number;
  /** A program and its arguments, for when the door is open. */
  readonly command?: readonly string[];
  readonly family?: RequestedFamily;
  /** The address of this machine to send from. */
  readonly source?: string;
  /** The network interface whose address is to be sent from. */
  readonly interface?: string;
  /** Whether a TCP step waits for its answer: for carriers that proxy TCP. */
  readonly full?: boolean;
  /** What datagrams carry: a text, `hex:00ff`, or `@/path/of/a/file`. */
  readonly payload?: string;
}

/** A server that one can knock at by a name of one's own: what knock.conf says of it. */
export interface KnockProfile extends Settings {
  /** What one types: `knock NAME`. */
  readonly name: string;
  readonly host: string;
  readonly steps: readonly Step[];
}

/** Both in one: where they speak of the same, `upper` counts. An address and an interface to send from are the same. */
export function overlay(upper: Settings, lower: Settings): Settings {
  if (upper.source === undefined && upper.interface === undefined) return { ...lower, ...upper };
  const { source, interface: _, ...rest } = lower;
  return { ...rest, ...upper };
}

/** What is to be sent, and how. Throws `USAGE` if its host and its family do not fit. */
export function toPlan(profile: Omit<KnockProfile, "name">, payload: Uint8Array): KnockPlan {
  const { host, steps, family = 0, delay = 0, full = false } = profile;
  checkHost(host, family);
  return { host, family, steps, delay, full, payload };
}

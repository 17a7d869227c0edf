import type { KnockPlan, RequestedFamily, Step } from "./plan.ts";
import { checkHost } from "./plan.ts";
import type { Wait } from "./wait.ts";

/** How to knock, and what to do then. `undefined` means the default of the program. */
export interface Settings {
  /** The name or address to knock at. */
  readonly host?: string;
  /** At least one. */
  readonly steps?: readonly Step[];
  /** Milliseconds between one step and the next. */
  readonly delay?: number;
  /** Knock until this service answers. */
  readonly wait?: Wait;
  /** How many times to knock again if it does not. */
  readonly retry?: number;
  /** A program and its arguments, to run when the door is open. */
  readonly command?: readonly string[];
  readonly family?: RequestedFamily;
  /** The address of this machine to send from. */
  readonly source?: string;
  /** The network interface whose address to send from. */
  readonly interface?: string;
  /** Whether a TCP step waits for its answer: for carriers that proxy TCP. */
  readonly full?: boolean;
  /** The payload of datagrams: a text, `hex:00ff`, or `@/path/of/a/file`. */
  readonly payload?: string;
}

/** A profile of knock.conf: how to knock at a server, under a name that the user chose. */
export interface KnockProfile extends Settings {
  /** As typed in `knock NAME`. */
  readonly name: string;
  readonly host: string;
  readonly steps: readonly Step[];
}

/** Merges settings; `upper` wins. An address to send from overrides an interface, and vice versa. */
export function overlay(upper: Settings, lower: Settings): Settings {
  if (upper.source === undefined && upper.interface === undefined) return { ...lower, ...upper };
  const { source, interface: _, ...rest } = lower;
  return { ...rest, ...upper };
}

/** Returns the plan of a profile. Throws `USAGE` if its host is not of its family. */
export function toPlan(profile: Omit<KnockProfile, "name">, payload: Uint8Array): KnockPlan {
  const { host, steps, family = 0, delay = 0, full = false } = profile;
  checkHost(host, family);
  return { host, family, steps, delay, full, payload };
}

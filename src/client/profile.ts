import type { Address } from "../base/address.ts";
import type { KnockPlan, RequestedFamily, Step } from "./plan.ts";
import { checkHost } from "./plan.ts";
import type { SecretText } from "./secret-text.ts";
import type { Wait } from "./wait.ts";

/**
 * The address that a knock by key opens a door for: this one, "any" from which the packet arrives, or with "auto"
 * the address that it leaves from, if that is globally routable, else "any".
 */
export type OpenedAddress = Address | "auto" | "any";

/** How to knock, and what to do then. `undefined` means the default of the program. */
export interface Settings {
  /** The name or address to knock at. */
  readonly host?: string;
  /** At least one. */
  readonly steps?: readonly Step[];
  /** The key of this device. */
  readonly key?: SecretText;
  /** The UDP port that takes knocks by key. */
  readonly knockPort?: number;
  /** The doors to open by key, by their names on the server; at least one. */
  readonly doors?: readonly string[];
  /** Seconds to keep a door open, up to 16,777,215; `undefined` lets the door decide. */
  readonly openFor?: number;
  readonly openedAddress?: OpenedAddress;
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

/** The settings of a name in knock.conf, complete or not. */
export interface NamedSettings extends Settings {
  /** As typed in `knock NAME`. */
  readonly name: string;
  readonly host: string;
}

/** A profile that knocks by a sequence of packets. */
interface SequenceProfile extends NamedSettings {
  readonly steps: readonly Step[];
}

/** A profile that knocks by a key. */
export interface KeyProfile extends NamedSettings {
  readonly key: SecretText;
  readonly knockPort: number;
  readonly doors: readonly string[];
}

/** A profile of knock.conf: how to knock at a server, under a name that the user chose. */
export type KnockProfile = SequenceProfile | KeyProfile;

/** Returns whether a profile knocks by its key. */
export function isKeyProfile(profile: NamedSettings): profile is KeyProfile {
  const { key, knockPort, doors } = profile;
  return key !== undefined && knockPort !== undefined && doors !== undefined;
}

/** Returns whether the settings have a key that waits for the server's answer, which names a port and doors. */
export function isRequested({ key, knockPort, doors }: Settings): boolean {
  return key !== undefined && knockPort === undefined && doors === undefined;
}

/**
 * Returns the profile that settings make, or `undefined` if they are incomplete. Without a usable key it knocks by
 * the sequence, unless a part of the key's settings is missing: a sequence shows itself to listeners.
 */
export function toProfile(settings: NamedSettings): KnockProfile | undefined {
  if (isKeyProfile(settings)) return settings;
  const { steps } = settings;
  if (steps === undefined || (settings.key !== undefined && !isRequested(settings)))
    return undefined;
  return { ...settings, steps };
}

/** Returns the settings without those of the key. */
export function withoutKey(settings: NamedSettings): NamedSettings {
  const { key, knockPort, doors, ...rest } = settings;
  return rest;
}

/** Merges settings; `upper` wins. An address to send from overrides an interface, and vice versa. */
export function overlay(upper: Settings, lower: Settings): Settings {
  if (upper.source === undefined && upper.interface === undefined) return { ...lower, ...upper };
  const { source, interface: _, ...rest } = lower;
  return { ...rest, ...upper };
}

/** Returns the plan to send steps as a profile says. Throws `USAGE` if its host is not of its family. */
export function toPlan(
  profile: Omit<NamedSettings, "name">,
  steps: readonly Step[],
  payload: Uint8Array,
): KnockPlan {
  const { host, family = 0, delay = 0, full = false } = profile;
  checkHost(host, family);
  return { host, family, steps, delay, full, payload };
}

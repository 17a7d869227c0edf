import type { Address } from "../base/address.ts";
import type { DoorConfig } from "../config/config.ts";
import { servicesFor } from "../config/config.ts";
import { expandCommands } from "../firewall/commands/template.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessRequest } from "../grant/lease.ts";

/** A door of the configuration: `nth` of those of its name, counted from 1. */
export interface NumberedDoor {
  readonly config: DoorConfig;
  readonly nth: number;
}

/**
 * Returns the request for what `config` opens to `source`, or undefined if it opens nothing to it. `who` as
 * in `Access`.
 */
export function requestAccess(
  { config, nth }: NumberedDoor,
  source: Address,
  knock: Access["knock"],
  who?: string,
): AccessRequest | undefined {
  const { name, action, sequence } = config;
  const owner = { kind: "door", name, nth } as const;
  const parts = { owner, source, knock, ...(who !== undefined && { who }) };
  if (action.kind === "native") {
    const { openFor: length } = action;
    const services = servicesFor(action.services, source.family);
    if (services.length === 0) return undefined;
    return { access: { ...parts, method: { kind: "native", services } }, length, again: "extend" };
  }
  const { closeAfter: length, user, timeout, serial, again, rest } = action;
  const expanded = expandCommands(action, { door: name, ...parts });
  if (expanded === undefined) return undefined;
  const method = { kind: "command", ...expanded, user, timeout, serial } as const;
  // A knock with a key or a one-time sequence is never a repeated one, and must not be used up for nothing.
  const isRepeatable = sequence.kind === "fixed" && who === undefined;
  const mayRest = isRepeatable && (expanded.stop === undefined || again === "rerun");
  return { access: { ...parts, method }, length, again, ...(mayRest && { rest }) };
}

/** Returns why `requestAccess` returned nothing, for the administrator. */
export function describeNothing({ config }: NumberedDoor, { family }: Address): string {
  if (config.action.kind === "command") return `door "${config.name}" runs no command`;
  return `door "${config.name}" opens nothing for an address of IPv${family}`;
}

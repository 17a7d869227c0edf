import type { Address } from "../base/address.ts";
import type { DoorConfig } from "../config/config.ts";
import { expandCommands } from "../firewall/commands/template.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessRequest } from "../grant/lease-manager.ts";

/** A door of the configuration: `nth` of those of its name, counted from 1. */
export interface NumberedDoor {
  readonly config: DoorConfig;
  readonly nth: number;
}

/** What a door grants to a source; undefined if there is nothing to do for it. */
export function makeRequest(
  { config, nth }: NumberedDoor,
  source: Address,
  knock: Access["knock"],
): AccessRequest | undefined {
  const { name: door, native, commands, closeAfter, user, commandTimeout: timeout, again } = config;
  const who = { door, nth, source, knock };
  if (native !== undefined) {
    const { services, openFor: length } = native;
    return { access: { ...who, method: { kind: "native", services } }, length, again: "extend" };
  }
  const expanded = expandCommands(commands, who);
  if (expanded === undefined) return undefined;
  const method = { kind: "command", ...expanded, user, timeout } as const;
  return { access: { ...who, method }, length: closeAfter, again };
}

import type { Address } from "../base/address.ts";
import type { DoorConfig } from "../config/config.ts";
import type { Passage } from "../firewall/firewall.ts";
import { expandCommands } from "../firewall/commands/template.ts";
import type { Grant } from "../grant/lease-manager.ts";

/** A door of the configuration: `nth` of those of its name, counted from 1. */
export interface NumberedDoor {
  readonly config: DoorConfig;
  readonly nth: number;
}

/** What a door grants to a source; undefined if there is nothing to do for it. */
export function makeGrant(
  { config, nth }: NumberedDoor,
  source: Address,
  knock: Passage["knock"],
): Grant | undefined {
  const { name: door, native, commands, closeAfter, user, commandTimeout: timeout, again } = config;
  const who = { door, nth, source, knock };
  if (native !== undefined) {
    const { services, openFor: length } = native;
    return { passage: { ...who, way: { kind: "native", services } }, length, again: "extend" };
  }
  const expanded = expandCommands(commands, who);
  if (expanded === undefined) return undefined;
  const way = { kind: "command", ...expanded, user, timeout } as const;
  return { passage: { ...who, way }, length: closeAfter, again };
}

import type { Address } from "../base/address.ts";
import type { Protocol } from "../base/port.ts";
import type { Passage } from "./firewall.ts";

/** The commands of a door as its configuration writes them; `…6`: for IPv6 instead of the others. */
export interface CommandTemplates {
  readonly start?: string;
  readonly start6?: string;
  readonly stop?: string;
  readonly stop6?: string;
}

/** Who knocked, where, and with which packet last. */
export interface Knock {
  readonly door: string;
  readonly nth: number;
  readonly source: Address;
  readonly port: number;
  readonly protocol: Protocol;
}

/**
 * The commands for one source. Undefined if there is nothing to run: then nothing is to be closed
 * either, as in knockd. An empty stop command is none.
 */
export function prepare(templates: CommandTemplates, knock: Knock): Passage | undefined {
  const v6 = knock.source.family === 6;
  const start = (v6 ? templates.start6 : undefined) ?? templates.start;
  const stop = (v6 ? templates.stop6 : undefined) ?? templates.stop;
  if (start === undefined || start === "") return undefined;
  return {
    ...knock,
    start: expand(start, knock),
    stop: stop === undefined || stop === "" ? undefined : expand(stop, knock),
  };
}

/**
 * Of what a stranger sends, only the formatted address and the port, both of our own making, get
 * into the shell's text. Other %words% stay as they are.
 */
function expand(template: string, { door, source, port, protocol }: Knock): string {
  return template
    .replaceAll("%IP%", () => source.toString())
    .replaceAll("%PORT%", () => String(port))
    .replaceAll("%PROTO%", () => protocol)
    .replaceAll("%DOOR%", () => door);
}

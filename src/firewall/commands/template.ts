import type { Address } from "../../base/address.ts";
import type { Protocol } from "../../base/port.ts";
import type { CommandMethod } from "../firewall.ts";

/** The commands of a door as its configuration writes them; `…6`: for IPv6 instead of the others. */
export interface CommandTemplates {
  readonly start?: string | undefined;
  readonly start6?: string | undefined;
  readonly stop?: string | undefined;
  readonly stop6?: string | undefined;
}

/** What the words of a template stand for. */
export interface TemplateWords {
  readonly door: string;
  readonly source: Address;
  /** Undefined where no packet opens the door, but an administrator. */
  readonly knock: { readonly port: number; readonly protocol: Protocol } | undefined;
  /** As in `Access`. */
  readonly who?: string;
}

/**
 * The commands for one source. Undefined if there is nothing to run: then nothing is to be closed
 * either, as in knockd. An empty stop command is none.
 */
export function expandCommands(
  templates: CommandTemplates,
  words: TemplateWords,
): Pick<CommandMethod, "start" | "stop"> | undefined {
  const v6 = words.source.family === 6;
  const start = (v6 ? templates.start6 : undefined) ?? templates.start;
  const stop = (v6 ? templates.stop6 : undefined) ?? templates.stop;
  if (start === undefined || start === "") return undefined;
  return {
    start: expand(start, words),
    stop: stop === undefined || stop === "" ? undefined : expand(stop, words),
  };
}

/**
 * Of what a packet brings, only the formatted address and the port get into the shell's text. The name of a
 * device is the administrator's, and of letters that are safe there. Other %words% stay as they are.
 */
function expand(template: string, { door, source, knock, who = "" }: TemplateWords): string {
  return template
    .replaceAll("%IP%", () => source.toString())
    .replaceAll("%PORT%", () => String(knock?.port ?? ""))
    .replaceAll("%PROTO%", () => knock?.protocol ?? "")
    .replaceAll("%WHO%", () => who)
    .replaceAll("%DOOR%", () => door);
}

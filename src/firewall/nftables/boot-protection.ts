import type { Service } from "../../base/service.ts";
import { isRouted } from "../../base/service.ts";
import type { ServicesBehind } from "../behind.ts";
import { behindRules } from "./nft-behind.ts";
import { protectionRuleset } from "./nft-ruleset.ts";

/** Text for `nft -f FILE` that protects these services at the next boot. */
export function bootProtection(
  services: readonly Service[],
  behind: ServicesBehind,
  table: string,
): string {
  const text = protectionRuleset(services, table);
  if (!services.some(isRouted)) return text;
  // Nothing is open yet that could be forwarded.
  const contents = { ...behind, forwards: [], doors: [] };
  const timed = services.map((service) => ({ service, milliseconds: undefined }));
  const { lines } = behindRules(contents, timed, table);
  return `${text}${lines.map((line) => `${line}\n`).join("")}`;
}

/** Returns the table by which a text of `bootProtection` protects. */
export function tableOfBoot(text: string): string | undefined {
  return /^table inet (\w+) \{\n/.exec(text)?.[1];
}

// The rules of forwarded ports: text for nft(8).
import { formatEndpoint } from "../../base/endpoint.ts";
import type { Service } from "../../base/service.ts";
import { formatService } from "../../base/service.ts";
import type { Forward } from "../behind.ts";
import type { CompiledDoor } from "./kernel-doors.ts";
import { doorSet } from "./kernel-sets.ts";
import { protocolNumbers } from "./nft-element.ts";

/** Returns rules of the filter that accept what the port of this host is open for. */
export function acceptRules(forward: Forward, doors: readonly CompiledDoor[]): string[] {
  const { version, address } = familyOf(forward.target.address.family);
  const match = isTranslated(forward);
  const asked = `${address} saddr . meta l4proto . ct original proto-dst`;
  return [
    `${match} ${asked} @open${version} accept`,
    ...doors
      .filter(({ opening }) => opensPort(opening.services, forward))
      .map(({ key }) => `${match} ${address} saddr @${doorSet(key, version)} accept`),
  ];
}

function opensPort(services: readonly Service[], { protocol, port }: Forward): boolean {
  const name = formatService({ protocol, port });
  return services.some((one) => formatService(one) === name);
}

/** Returns rules that give packets to the port of this host their target, for open sources. */
export function translationRules(forward: Forward, doors: readonly CompiledDoor[]): string[] {
  const { protocol, port, target } = forward;
  const { version, address } = familyOf(target.address.family);
  const match = `meta l4proto ${protocolNumbers[protocol]} th dport ${port} fib daddr type local`;
  const translate = `dnat ${address} to ${formatEndpoint(target)}`;
  return [
    `${match} ${address} saddr . meta l4proto . th dport @open${version} ${translate}`,
    `${match} ${address} saddr @any${version} ${translate}`,
    ...doors
      .filter(({ opening }) => opensPort(opening.services, forward))
      .map(({ key }) => `${match} ${address} saddr @${doorSet(key, version)} ${translate}`),
  ];
}

/** Returns the rule that gives packets to the target the address of this host as their source. */
export function masqueradeRule(forward: Forward): string {
  return `${isTranslated(forward)} masquerade`;
}

/** Matches packets of connections that came to the forwarded port of this host. */
function isTranslated({ protocol, port, target }: Forward): string {
  const { address } = familyOf(target.address.family);
  const original = `ct status dnat meta l4proto ${protocolNumbers[protocol]} ct original proto-dst ${port}`;
  return `${original} ${address} daddr ${target.address} th dport ${target.port}`;
}

function familyOf(version: 4 | 6): { readonly version: 4 | 6; readonly address: "ip" | "ip6" } {
  return { version, address: version === 4 ? "ip" : "ip6" };
}

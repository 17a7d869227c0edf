import type { Service } from "../../base/service.ts";
import type { Nfnetlink } from "../../ffi/nfnetlink.ts";
import type { SetElement } from "../../ffi/nft-messages.ts";
import { protocolNumbers, serviceOf } from "./nft-element.ts";
import type { Ruleset } from "./nft-ruleset.ts";
import { chainName } from "./nft-ruleset.ts";

/**
 * Returns what the kernel protects at this moment: the services in the sets of our table, as far as its chains
 * are in force with as many rules as were loaded. Throws FIREWALL.
 */
export function readProtection(
  kernel: Nfnetlink,
  table: string,
  { rules, behind }: Pick<Ruleset, "rules" | "behind">,
): Service[] {
  const isWhole = (chain: string, rules: number) =>
    rules > 0 && kernel.findChain(table, chain)?.rules === rules;
  const here = isWhole(chainName, rules) ? servicesOf((set) => kernel.list({ table, set })) : [];
  if (!isWhole("routed", behind.chains.get("routed") ?? 0)) return here;
  const routed = behind.groups.flatMap(({ id, hosts }) =>
    portsOf(kernel.list({ table, set: `protected_${id}` })).flatMap((service) =>
      "port" in service ? { ...service, hosts } : [],
    ),
  );
  return [...here, ...routed];
}

/** As `readProtection`, of a table that another process has left, without what is on trial. Throws FIREWALL. */
export function readLeftProtection(kernel: Nfnetlink, table: string): Service[] {
  if (!kernel.findChain(table, chainName)?.rules) return [];
  return servicesOf((set) =>
    kernel.list({ table, set }).filter(({ milliseconds }) => milliseconds === undefined),
  );
}

function servicesOf(list: (set: string) => readonly SetElement[]): Service[] {
  const ports = portsOf(list("protected"));
  const echo = list("echo").map(({ key }) => key[0]);
  const { icmp, icmpv6 } = protocolNumbers;
  return echo.includes(icmp) && echo.includes(icmpv6) ? [...ports, { protocol: "icmp" }] : ports;
}

function portsOf(elements: readonly SetElement[]): Service[] {
  return elements.flatMap(({ key }) => {
    const fields = new DataView(key.buffer, key.byteOffset, key.length);
    return key.length === 8 ? (serviceOf(fields.getUint8(0), fields.getUint16(4)) ?? []) : [];
  });
}

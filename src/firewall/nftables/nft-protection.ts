import type { Service } from "../../base/service.ts";
import type { Nfnetlink } from "../../ffi/nfnetlink.ts";
import type { SetElement } from "../../ffi/nft-messages.ts";
import { protocolNumbers, serviceOf } from "./nft-element.ts";
import { chainName } from "./nft-ruleset.ts";

/**
 * Returns what the kernel protects at this moment: the services in the sets of our table, if its chain is
 * in force with this many rules. Throws FIREWALL.
 */
export function readProtection(kernel: Nfnetlink, table: string, rules: number): Service[] {
  if (rules === 0 || kernel.findChain(table, chainName)?.rules !== rules) return [];
  return servicesOf((set) => kernel.list({ table, set }));
}

/** As `readProtection`, of a table that another process has left, without what is on trial. Throws FIREWALL. */
export function readLeftProtection(kernel: Nfnetlink, table: string): Service[] {
  if (!kernel.findChain(table, chainName)?.rules) return [];
  return servicesOf((set) =>
    kernel.list({ table, set }).filter(({ milliseconds }) => milliseconds === undefined),
  );
}

function servicesOf(list: (set: string) => readonly SetElement[]): Service[] {
  const ports = list("protected").flatMap(({ key }) => {
    const fields = new DataView(key.buffer, key.byteOffset, key.length);
    return key.length === 8 ? (serviceOf(fields.getUint8(0), fields.getUint16(4)) ?? []) : [];
  });
  const echo = list("echo").map(({ key }) => key[0]);
  const { icmp, icmpv6 } = protocolNumbers;
  return echo.includes(icmp) && echo.includes(icmpv6) ? [...ports, { protocol: "icmp" }] : ports;
}

import type { Service } from "../../base/service.ts";
import type { Nfnetlink } from "../../ffi/nfnetlink.ts";
import { protocolNumbers, serviceOf } from "./nft-element.ts";
import { chainName } from "./nft-ruleset.ts";

/**
 * Returns what the kernel protects at this moment: the services in the sets of our table, if its chain is
 * in force with this many rules. Throws FIREWALL.
 */
export function readProtection(kernel: Nfnetlink, table: string, rules: number): Service[] {
  if (rules === 0 || kernel.findChain(table, chainName)?.rules !== rules) return [];
  const ports = kernel.list({ table, set: "protected" }).flatMap(({ key }) => {
    const fields = new DataView(key.buffer, key.byteOffset, key.length);
    return key.length === 8 ? (serviceOf(fields.getUint8(0), fields.getUint16(4)) ?? []) : [];
  });
  const echo = kernel.list({ table, set: "echo" }).map(({ key }) => key[0]);
  const { icmp, icmpv6 } = protocolNumbers;
  return echo.includes(icmp) && echo.includes(icmpv6) ? [...ports, { protocol: "icmp" }] : ports;
}

import type { Address } from "../base/address.ts";
import { contains, parseNetwork } from "../base/address.ts";

/** Blocks that are not globally reachable, by IANA's special-purpose registries, and multicast. */
const special: Readonly<Record<Address["family"], readonly string[]>> = {
  4: [
    ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
    ...["172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"],
    ...["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"],
  ],
  6: ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
};

/** RFC 4291 §2.4: the only block of IPv6 from which global unicast addresses are assigned. */
const assigned = "2000::/3";

/** Returns whether an address is globally routable unicast: other networks may reach it. */
export function isGlobal(address: Address): boolean {
  const isUnicast = address.family === 4 || isWithin(address, [assigned]);
  return isUnicast && !isWithin(address, special[address.family]);
}

/** The texts are read when they are needed: those of IPv6 take milliseconds in a process that has read none. */
function isWithin(address: Address, networks: readonly string[]): boolean {
  return networks.some((text) => {
    const network = parseNetwork(text);
    return network !== undefined && contains(network, address);
  });
}

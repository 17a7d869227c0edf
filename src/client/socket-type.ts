import { isIP } from "node:net";

/** Returns the type of a UDP socket that reaches an address. */
export function socketTypeFor(address: string): "udp4" | "udp6" {
  // isIPv6() compiles an expression for 2 ms, which isIP() needs only for what is not IPv4.
  return isIP(address) === 6 ? "udp6" : "udp4";
}

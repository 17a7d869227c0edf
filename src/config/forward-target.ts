import type { Address } from "../base/address.ts";
import { contains, parseNetwork } from "../base/address.ts";

/** Returns why the kernel forwards nothing to an address, or `undefined` if it does. */
export function problemOfTarget(address: Address): string | undefined {
  const isOwn = ["0.0.0.0/8", "127.0.0.0/8", "::/127"].some((text) => isIn(text, address));
  if (isOwn) return `${address} is this host itself: a port is forwarded to another host`;
  if (["224.0.0.0/3", "ff00::/8"].some((text) => isIn(text, address))) {
    return `${address} is not the address of one host`;
  }
  const isLinkLocal = ["169.254.0.0/16", "fe80::/10"].some((text) => isIn(text, address));
  return isLinkLocal ? `${address} is a link-local address, which is never forwarded` : undefined;
}

function isIn(text: string, address: Address): boolean {
  const network = parseNetwork(text);
  return network !== undefined && contains(network, address);
}

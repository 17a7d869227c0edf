// Addresses that no packet can have on its way (RFC 1812 §5.3.7 calls such a packet a martian).
import type { Address } from "../base/address.ts";

/** Returns whether no host can have this source: unspecified, multicast or limited broadcast. */
export function isNobody({ w0, w1, w2, w3, family }: Address): boolean {
  if (family === 4) return w3 >>> 24 === 0 || w3 >>> 28 === 14 || w3 === 0xffffffff;
  return w0 >>> 24 === 255 || (w0 === 0 && w1 === 0 && w2 === 0 && w3 === 0);
}

/**
 * Returns whether a source is an address of this host, or of the whole of one of its networks, where an
 * interface receives it: on another link a link-local address is another host's.
 */
export type IsLocalSource = (source: Address, interfaceIndex: number) => boolean;

/**
 * Returns whether a packet with these ends cannot have come from another host: loopback at either
 * end, or a source that is reserved (240.0.0.0/4) or belongs to this host. The kernel drops it, too,
 * but after packet sockets have seen it. On the loopback interface such packets are ordinary.
 *
 * @param interfaceIndex of the receiving interface; 0 if unknown
 */
export function isMartian(
  { source, destination }: { readonly source: Address; readonly destination: Address },
  interfaceIndex: number,
  isLocalSource: IsLocalSource,
): boolean {
  return (
    isLoopback(source) ||
    isLoopback(destination) ||
    isReserved(source) ||
    isLocalSource(source, interfaceIndex)
  );
}

/** RFC 1122 §3.2.1.3, RFC 4291 §2.5.3 */
function isLoopback({ w0, w1, w2, w3, family }: Address): boolean {
  if (family === 4) return w3 >>> 24 === 127;
  return w0 === 0 && w1 === 0 && w2 === 0 && w3 === 1;
}

/** RFC 1112 §4: class E */
function isReserved({ w3, family }: Address): boolean {
  return family === 4 && w3 >>> 28 === 15;
}

import { createHash } from "node:crypto";
import type { Network } from "../../base/address.ts";
import { Address, formatNetwork } from "../../base/address.ts";
import type { OpenedService, Service } from "../../base/service.ts";
import { isOneService, isRouted } from "../../base/service.ts";

// The sets of our table that say what is open: (address . inet_proto . inet_service), each field padded
// to four bytes. For icmp the third field is the first two bytes of an echo request, its type and code.
// Those of `any` have addresses alone. Hosts behind this one have sets of their own: open4_3f….

export type OpenSet = "open4" | "open6" | "any4" | "any6" | `open${4 | 6}_${string}`;

/** Whose flows of UDP to a service were ended: the keys are those of open4 and open6. */
export type EndedSet = "ended4" | "ended6";

export const openSets: readonly OpenSet[] = ["open4", "open6", "any4", "any6"];

export const protocolNumbers: Readonly<Record<"tcp" | "udp" | "icmp" | "icmpv6", number>> = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmpv6: 58,
};

const { tcp: TCP, udp: UDP, icmp: ICMP, icmpv6: ICMPV6 } = protocolNumbers;
const echoRequest = 8 << 8;
const echoRequest6 = 128 << 8;

/** Returns the end of the names of the sets for services of these hosts. */
export function groupId(hosts: readonly Network[]): string {
  return createHash("sha256").update(hosts.map(formatNetwork).join()).digest("hex").slice(0, 12);
}

/** Which set says whether `source` may use a service, or all of them. */
export function setOf(source: Address, service: OpenedService): OpenSet {
  if (isRouted(service)) return `open${source.family}_${groupId(service.hosts)}`;
  return isOneService(service) ? `open${source.family}` : `any${source.family}`;
}

/** The key of a source in a set of sources. */
export function encodeSource(source: Address): Uint8Array {
  return encodeWords(source, 0);
}

/** The key of (source, service) in its set. */
export function encodeKey(source: Address, service: OpenedService): Uint8Array {
  if (!isOneService(service)) return encodeSource(source);
  const key = encodeWords(source, 8);
  const fields = new DataView(key.buffer);
  const [protocol, number] = numbers(source, service);
  fields.setUint8(key.length - 8, protocol);
  fields.setUint16(key.length - 4, number, false);
  return key;
}

/** What `encodeKey` encoded; undefined if it is nothing that this program writes. */
export function decodeKey(
  key: Uint8Array,
): { readonly source: Address; readonly service: OpenedService } | undefined {
  if (![4, 12, 16, 24].includes(key.length)) return undefined;
  const fields = new DataView(key.buffer, key.byteOffset, key.length);
  const word = (i: number) => fields.getUint32(i * 4, false);
  const source =
    key.length < 16 ? Address.v4(word(0)) : new Address(word(0), word(1), word(2), word(3));
  if (key.length === 4 || key.length === 16) return { source, service: { protocol: "any" } };
  const service = serviceOf(
    fields.getUint8(key.length - 8),
    fields.getUint16(key.length - 4, false),
  );
  return service === undefined ? undefined : { source, service };
}

/** A source, and room for so many bytes more. */
function encodeWords(source: Address, more: number): Uint8Array<ArrayBuffer> {
  const words = source.family === 4 ? [source.w3] : [source.w0, source.w1, source.w2, source.w3];
  const key = new Uint8Array(words.length * 4 + more);
  const fields = new DataView(key.buffer);
  words.forEach((word, i) => {
    fields.setUint32(i * 4, word, false);
  });
  return key;
}

function numbers(source: Address, service: Service): [protocol: number, number: number] {
  if (service.protocol === "tcp") return [TCP, service.port];
  if (service.protocol === "udp") return [UDP, service.port];
  return source.family === 4 ? [ICMP, echoRequest] : [ICMPV6, echoRequest6];
}

/** The service of a protocol's number and a port; undefined for other protocols. */
export function serviceOf(protocol: number, number: number): Service | undefined {
  if (protocol === TCP) return { protocol: "tcp", port: number };
  if (protocol === UDP) return { protocol: "udp", port: number };
  return protocol === ICMP || protocol === ICMPV6 ? { protocol: "icmp" } : undefined;
}

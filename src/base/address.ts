import { isIPv4, isIPv6 } from "node:net";

/**
 * An IPv4 or IPv6 address: four unsigned 32-bit words, most significant first. IPv4 is held in its
 * mapped form ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that both families are one type.
 */
export class Address {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  #text: string | undefined;

  constructor(w0: number, w1: number, w2: number, w3: number) {
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
  }

  /** The IPv4 address with these 32 bits. */
  static v4(bits: number): Address {
    return new Address(0, 0, 0xffff, bits);
  }

  get family(): 4 | 6 {
    return this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff ? 4 : 6;
  }

  equals(other: Address): boolean {
    return (
      this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 && this.w0 === other.w0
    );
  }

  /** Dotted quad, or the canonical text of RFC 5952. */
  toString(): string {
    this.#text ??= this.family === 4 ? dottedQuad(this.w3) : formatV6(this);
    return this.#text;
  }
}

/** The address that `text` writes; a zone (`%eth0`) is dropped. Undefined if it is not one. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return Address.v4(parseQuad(text));
  const bare = text.replace(/%.*$/s, "");
  return isIPv6(bare) ? parseV6(bare) : undefined;
}

/** A block of addresses: those that share the first `bits` (0 to 128) of `base`. */
export interface Network {
  readonly base: Address;
  readonly bits: number;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address alone. Undefined if it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [, left = "", right] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const base = parseAddress(left);
  if (base === undefined) return undefined;
  const widest = base.family === 4 ? 32 : 128;
  const length = right === undefined ? widest : Number(right);
  return length > widest ? undefined : { base, bits: length + 128 - widest };
}

/** The text that `parseNetwork` reads; an address alone without its length. */
export function formatNetwork({ base, bits }: Network): string {
  return bits === 128 ? `${base}` : `${base}/${base.family === 4 ? bits - 96 : bits}`;
}

/** Returns the networks of the addresses that are in both lists. */
export function commonNetworks(one: readonly Network[], other: readonly Network[]): Network[] {
  return one.flatMap((a) =>
    other.flatMap((b) => (isWithin(a, b) ? [a] : isWithin(b, a) ? [b] : [])),
  );
}

/** Returns the networks that are within no other, each once, in the order of their texts. */
export function widestNetworks(networks: readonly Network[]): Network[] {
  return networks
    .filter(
      (a, i) => !networks.some((b, k) => k !== i && isWithin(a, b) && (k < i || !isWithin(b, a))),
    )
    .map((network) => ({ network, text: formatNetwork(network) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ network }) => network);
}

/** A network of one family never contains an address of the other: `::/0` is IPv6 alone. */
export function contains(network: Network, address: Address): boolean {
  const { base, bits } = network;
  return (
    base.family === address.family &&
    sameBits(base.w0, address.w0, bits) &&
    sameBits(base.w1, address.w1, bits - 32) &&
    sameBits(base.w2, address.w2, bits - 64) &&
    sameBits(base.w3, address.w3, bits - 96)
  );
}

function isWithin(inner: Network, outer: Network): boolean {
  return inner.bits >= outer.bits && contains(outer, inner.base);
}

function sameBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? a === b : (a ^ b) >>> (32 - bits) === 0;
}

function parseQuad(text: string): number {
  return text.split(".").reduce((bits, octet) => ((bits << 8) | Number(octet)) >>> 0, 0);
}

function dottedQuad(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/** `text` has passed isIPv6. */
function parseV6(text: string): Address {
  // A dotted tail (::ffff:192.0.2.1) stands for the last two groups.
  const plain = text.replace(/[^:]*\.[^:]*$/, (quad) => {
    const bits = parseQuad(quad);
    return `${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  const word = (i: number) =>
    Number.parseInt(groups[i], 16) * 65536 + Number.parseInt(groups[i + 1], 16);
  return new Address(word(0), word(2), word(4), word(6));
}

/** RFC 5952 §4: no leading zeros, the longest run of two or more zero groups becomes `::`, the first of equals. */
function formatV6(address: Address): string {
  const groups = [address.w0, address.w1, address.w2, address.w3].flatMap((word) => [
    (word >>> 16).toString(16),
    (word & 0xffff).toString(16),
  ]);
  let from = 0;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (groups[end] === "0") end++;
    if (end - i > length) {
      from = i;
      length = end - i;
    }
  }
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, from).join(":")}::${groups.slice(from + length).join(":")}`;
}

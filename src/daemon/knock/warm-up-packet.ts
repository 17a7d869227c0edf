/** Networks for benchmarks (RFC 2544 §C.2.2): no host has such an address. */
type WarmUpNetwork = readonly [198, 18 | 19];

const headerLength = 20;

/** Returns an IPv4 packet (RFC 791 §3.1) from a source of this network, each round's own, to its broadcast address. */
export function warmUpPacket(
  network: WarmUpNetwork,
  round: number,
  protocol: "tcp" | "udp",
  content: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(headerLength + content.length);
  const fields = new DataView(bytes.buffer);
  fields.setUint8(0, 0x45);
  fields.setUint16(2, bytes.length);
  fields.setUint8(9, protocol === "tcp" ? 6 : 17);
  bytes.set([...network, round >> 8, round & 255], 12);
  bytes.set([...network, 255, 255], 16);
  bytes.set(content, headerLength);
  return bytes;
}

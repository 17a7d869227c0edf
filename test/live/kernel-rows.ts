// Rows of random packets, each from a source of its own, for comparing the kernel's doors with the matcher's.
import { Address } from "../../src/base/address.ts";
import type { Port } from "../../src/base/port.ts";
import type { KernelDoor } from "../../src/firewall/nftables/kernel-doors.ts";
import type { SeededRandom } from "../differential/random.ts";
import { address, extension, fragment, ipv4, ipv6, mss, tcp, udp } from "../support/packets.ts";

/** Where packets go: the first ones are of this host. */
const destinations = ["10.77.0.1", "fd77::1", "10.88.0.9", "fd88::9"].map(address);

export interface PacketRow {
  readonly source: Address;
  /** The doors at which it knocks. */
  readonly doors: readonly KernelDoor[];
  readonly packets: readonly Uint8Array[];
}

const { SYN, ACK, FIN, RST } = { SYN: 2, ACK: 16, FIN: 1, RST: 4 };

/** What a row may have beside its knock. */
export interface PacketRowKind {
  /** Packets to ports of other doors, and knocks at several doors at once. */
  readonly mixed: boolean;
}

/** The sequence number of the next segment: no two segments of a run are retransmissions by chance. */
let segments = 0;

export function randomRow(
  random: SeededRandom,
  nth: number,
  doors: readonly KernelDoor[],
  { mixed }: PacketRowKind,
): PacketRow {
  const source = sourceOf(random, nth);
  const chosen = mixed ? random.several(1, 3, () => random.pick(doors)) : [random.pick(doors)];
  const decoys = doors.flatMap((door) => door.decoys);
  const sent: Uint8Array[] = [];
  const other = (): Uint8Array => {
    const door = random.pick(mixed ? doors : chosen);
    const kind = random.from(1, 100);
    if (kind <= 30) return packetTo(random, source, random.pick(door.sequence), door);
    if (kind <= 55 && decoys.length > 0) return packetTo(random, source, random.pick(decoys), door);
    if (kind <= 75 && sent.length > 0) return random.pick(sent);
    const port = { number: random.from(1, 65_535), protocol: random.pick(["tcp", "udp"] as const) };
    return packetTo(random, source, port, door);
  };
  const send = (packet: Uint8Array) => {
    sent.push(packet);
  };
  const knocks = chosen.map((door) => door.sequence.map((port) => ({ port, door })));
  for (const { port, door } of random.interleave(knocks)) {
    while (random.percent(mixed ? 12 : 15)) send(other());
    // Enough for a scanner, now and then.
    for (let i = random.percent(4) && decoys.length > 0 ? random.from(2, 4) : 0; i > 0; i--) {
      send(fittingPacket(random, source, random.pick(decoys), door));
    }
    for (let i = random.percent(15) ? 2 : 1; i > 0; i--) {
      const packet = random.percent(94)
        ? fittingPacket(random, source, port, door)
        : packetTo(random, source, port, door);
      send(packet);
      if (random.percent(6)) send(packet);
    }
  }
  return { source, doors: chosen, packets: sent };
}

function sourceOf(random: SeededRandom, nth: number): Address {
  if (random.percent(3)) return random.pick(strange);
  const low = (nth & 0xffff) + 1;
  return random.percent(65)
    ? Address.v4((0x0a630000 + low) >>> 0)
    : new Address(0xfd990000, nth >>> 16, 0, low);
}

/** Which no other host has, or which a door may not see. */
const strange = [
  "127.0.0.5",
  "240.1.2.3",
  "10.77.0.1",
  "10.77.0.255",
  "0.1.2.3",
  "224.0.0.5",
  "255.255.255.255",
  "::1",
  "::",
  "fd77::1",
  "ff02::1",
  "10.66.1.7",
  "fd66:1::7",
].map(address);

/** A packet that counts for the door, but for its source. */
function fittingPacket(
  random: SeededRandom,
  source: Address,
  port: Port,
  { flags }: KernelDoor,
): Uint8Array {
  const any = random.percent(80) ? 0 : random.from(0, 255);
  return build(random, source, port, (any & ~flags.mask) | flags.value, random.percent(85));
}

/** A packet that may be anything. */
function packetTo(
  random: SeededRandom,
  source: Address,
  port: Port,
  { flags }: KernelDoor,
): Uint8Array {
  const some = [flags.value, SYN, ACK, FIN, RST, SYN | ACK, 0, RST | ACK, random.from(0, 255)];
  const protocol = random.percent(8) ? (port.protocol === "tcp" ? "udp" : "tcp") : port.protocol;
  const isOdd = random.percent(10);
  const isOurs = random.percent(92);
  return build(
    random,
    source,
    { ...port, protocol },
    random.pick(some),
    random.percent(70),
    isOdd,
    isOurs,
  );
}

function build(
  random: SeededRandom,
  source: Address,
  { number: port, protocol }: Port,
  flags: number,
  hasOptions: boolean,
  isOdd = false,
  isOurs = true,
): Uint8Array {
  const sourcePort = random.from(40_000, 40_003);
  // Few numbers: the same one twice is a retransmission where there are options.
  const sequence = random.percent(80) ? ++segments : random.from(1, 4) << 24;
  const options = hasOptions ? mss : new Uint8Array();
  let payload =
    protocol === "tcp"
      ? tcp({ sourcePort, port, flags, sequence, options })
      : udp({ sourcePort, port, checksum: ++segments & 0xffff });
  const odd = isOdd ? random.pick(["short", "words", "length", "extension", "far"] as const) : "";
  if (odd === "short") payload = payload.slice(0, random.from(1, payload.length - 1));
  if (odd === "words") payload[12] = (random.from(0, 4) << 4) | ((payload[12] ?? 0) & 15);
  if (odd === "length" && protocol === "udp") {
    payload = udp({ sourcePort, port, length: random.from(0, 7) });
  }
  const kind = source.family === 4 ? 0 : 1;
  const destination = destinations[isOurs && odd !== "far" ? kind : kind + 2];
  const ends = { source, destination: destination as Address };
  const number = protocol === "tcp" ? 6 : 17;
  if (kind === 0) {
    return ipv4(
      { ...ends, protocol: number, ...(odd === "extension" && { options: new Uint8Array(8) }) },
      payload,
    );
  }
  const extensions =
    odd === "extension" ? [random.pick([extension(0), extension(60), fragment(0)])] : [];
  return ipv6({ ...ends, protocol: number, extensions }, payload);
}

import type { Packet } from "../decode/packet.ts";
import type { HashKey } from "./hash.ts";
import { hash, randomHashKey } from "./hash.ts";

/** Linux gives up on a SYN 127 s after the first one (tcp_syn_retries = 6): milliseconds. */
const retransmissionWindow = 130_000;

/** The same datagram on a bridge and on its port is seen within this: milliseconds. */
const bridgeWindow = 5;

/** What is remembered, 16 bytes each: sets of a few places, the oldest of a set makes room. */
const sets = 65536;
const places = 4;

/**
 * Tells a packet that was seen before from a new knock: a TCP retransmission (the same source,
 * ports and sequence number; a telnet client that waits repeats its SYN for two minutes), or one
 * packet that is seen twice, on a bridge and on its port. Bounded: 4 MiB from the first hit on.
 */
export class Repeats {
  readonly #placeKey: HashKey = randomHashKey();
  readonly #tagKey: HashKey = randomHashKey();
  #tags = new Uint32Array();
  #interfaces = new Int32Array();
  #times = new Float64Array();

  /** True for a packet that was seen before; any other is remembered. */
  isRepeat(packet: Packet): boolean {
    if (this.#tags.length === 0) this.#allocate();
    const words = identity(packet);
    const set = (hash(this.#placeKey, words) & (sets - 1)) * places;
    const tag = hash(this.#tagKey, words);
    let oldest = set;
    for (let place = set; place < set + places; place++) {
      if (this.#tags[place] === tag && this.#isSame(place, packet)) return true;
      if ((this.#times[place] ?? 0) < (this.#times[oldest] ?? 0)) oldest = place;
    }
    this.#tags[oldest] = tag;
    this.#interfaces[oldest] = packet.interfaceIndex;
    this.#times[oldest] = packet.time;
    return false;
  }

  #isSame(place: number, packet: Packet): boolean {
    const age = packet.time - (this.#times[place] ?? 0);
    if (packet.mayRepeat) return age < retransmissionWindow;
    return age < bridgeWindow && this.#interfaces[place] !== packet.interfaceIndex;
  }

  /** Only once there are hits: most daemons see none for days. */
  #allocate(): void {
    this.#tags = new Uint32Array(sets * places);
    this.#interfaces = new Int32Array(sets * places);
    this.#times = new Float64Array(sets * places).fill(Number.NEGATIVE_INFINITY);
  }
}

function identity(packet: Packet): number[] {
  const { source, sourcePort, port, protocol, fingerprint } = packet;
  const ports = sourcePort * 65536 + port;
  return [
    source.w0,
    source.w1,
    source.w2,
    source.w3,
    ports,
    fingerprint,
    protocol === "tcp" ? 6 : 17,
  ];
}

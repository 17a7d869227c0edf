import type { Packet } from "../decode/packet.ts";
import { SipHash } from "./attempts/sip-hash.ts";

/** Linux gives up on a SYN 127 s after the first one (tcp_syn_retries = 6): milliseconds. */
const retransmissionWindow = 130_000;

/** The same datagram on a bridge and on its port is seen within this: milliseconds. */
const bridgeWindow = 5;

/** What is remembered: sets of a few places, of which the oldest makes room. */
const sets = 65536;
const places = 4;

// A place is a record of four words; a set is one line of the cache.
const words = 4;
const TAG = 0;
const INTERFACE = 1;
const TIME = 2; // two words: a double

/**
 * Tells a packet that was seen before from a new knock: a TCP retransmission (the same source,
 * ports and sequence number; a telnet client that waits repeats its SYN for two minutes), or one
 * packet that is seen twice, on a bridge and on its port. Bounded: 4 MiB from the first hit on.
 */
export class DuplicateFilter {
  readonly #hash = new SipHash(7);
  #records = new Int32Array();
  #doubles = new Float64Array();

  /** True for a packet that was seen before; any other is remembered. */
  isRepeat(packet: Packet): boolean {
    if (this.#records.length === 0) this.#allocate();
    const records = this.#records;
    this.#identify(packet);
    const tag = this.#hash.high;
    const set = (this.#hash.low & (sets - 1)) * places * words;
    let oldest = set;
    for (let place = set; place < set + places * words; place += words) {
      if (records[place + TAG] === tag && this.#isSame(place, packet)) return true;
      if (this.#timeAt(place) < this.#timeAt(oldest)) oldest = place;
    }
    records[oldest + TAG] = tag;
    records[oldest + INTERFACE] = packet.interfaceIndex;
    this.#doubles[(oldest + TIME) >> 1] = packet.time;
    return false;
  }

  #isSame(place: number, packet: Packet): boolean {
    const age = packet.time - this.#timeAt(place);
    if (packet.mayRepeat) return age < retransmissionWindow;
    return age < bridgeWindow && this.#records[place + INTERFACE] !== packet.interfaceIndex;
  }

  #timeAt(place: number): number {
    return this.#doubles[(place + TIME) >> 1] ?? 0;
  }

  #identify({ source, sourcePort, port, protocol, fingerprint }: Packet): void {
    const { words: identity } = this.#hash;
    this.#hash.put(source);
    identity[4] = sourcePort * 65536 + port;
    identity[5] = fingerprint;
    identity[6] = protocol === "tcp" ? 6 : 17;
    this.#hash.compute();
  }

  /** Only once there are hits: most daemons see none for days. */
  #allocate(): void {
    const memory = new ArrayBuffer(sets * places * words * 4);
    this.#records = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
  }
}

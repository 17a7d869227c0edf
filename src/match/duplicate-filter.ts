import type { Packet } from "../decode/packet.ts";
import { SipHash } from "./attempts/sip-hash.ts";

/** Milliseconds. Linux sends the last SYN of a connection 127 s after the first (tcp_syn_retries = 6). */
const retransmissionWindow = 130_000;

/** Milliseconds between the two sightings of one datagram, on a bridge and on its port. */
const bridgeWindow = 5;

/** The table has sets of a few places; a new packet replaces the oldest one of its set. */
const sets = 65536;
const places = 4;

// A place is a record of four words; a set is one line of the cache.
const words = 4;
const TAG = 0;
const INTERFACE = 1;
const TIME = 2; // two words: a double

/**
 * Recognizes packets that were counted before: TCP retransmissions (the same source, ports and sequence
 * number; a telnet client that waits repeats its SYN for two minutes), and packets captured twice, on a
 * bridge and on its port. A replay cache whose entries may be evicted: it saves knocks from being spoiled,
 * and is no protection against replay. Takes 4 MiB from the first hit on.
 */
export class DuplicateFilter {
  readonly #hash = new SipHash(7);
  #records = new Int32Array();
  #doubles = new Float64Array();

  /** Returns whether the packet was seen before. Remembers it if not. */
  isDuplicate(packet: Packet): boolean {
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

  #identify({ source, sourcePort, port, protocol, fingerprint, mayRepeat }: Packet): void {
    const { words: identity } = this.#hash;
    this.#hash.put(source);
    identity[4] = sourcePort * 65536 + port;
    identity[5] = fingerprint;
    // A retransmission has TCP options if the first packet has them.
    identity[6] = (protocol === "tcp" ? 6 : 17) + (mayRepeat ? 256 : 0);
    this.#hash.compute();
  }

  /** Called on the first hit: most daemons see none for days. */
  #allocate(): void {
    const memory = new ArrayBuffer(sets * places * words * 4);
    this.#records = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
  }
}

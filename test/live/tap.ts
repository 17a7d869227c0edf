import { systemClock } from "../../src/base/clock.ts";
import type { PortSets } from "../../src/base/port.ts";
import { Ring } from "../../src/capture/ring.ts";
import { decode } from "../../src/decode/decode.ts";
import type { Packet } from "../../src/decode/packet.ts";
import type { LiveHost } from "./host.ts";
import { enterAlone } from "./namespace.ts";

/** The TCP flags (RFC 9293 §3.1). */
const SYN = 0x02;
const ACK = 0x10;

const range = new Set(Array.from({ length: 3_000 }, (_, i) => 7_000 + i));
const ports: PortSets = { tcp: range, udp: range };

/** Sees the SYNs and datagrams that arrive at a host for ports from 7000 to 9999. */
export class Tap {
  readonly #ring: Ring;
  readonly #packets: Packet[] = [];

  constructor(host: LiveHost) {
    const leave = enterAlone(host);
    try {
      this.#ring = new Ring(undefined, systemClock, (frame) => {
        const packet = decode(frame);
        if (packet !== undefined) this.#packets.push(packet);
      });
      this.#ring.watch(ports);
    } finally {
      leave();
    }
  }

  /** What came from an address so far, as `tcp 7000` or `udp 7000`. */
  from(address: string): string[] {
    return this.#packets
      .filter(({ source }) => source.toString() === address)
      .filter(({ protocol, flags }) => protocol === "udp" || (flags & (SYN | ACK)) === SYN)
      .map(({ protocol, port }) => `${protocol} ${port}`);
  }

  close(): void {
    this.#ring.close();
  }
}

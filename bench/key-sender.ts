import type { Datagram } from "./datagram.ts";
import type { KeyPeer } from "./key-peer.ts";
import { datagramKind, PacketSender } from "./packet-sender.ts";
import type { Look, MeasuredOpening, Prober } from "./prober.ts";
import { addressNumber } from "./syn.ts";
import type { BenchTestBed } from "./test-bed.ts";
import { clientLink, doorPort, serverAddresses } from "./test-bed.ts";
import { wallTime } from "./timing.ts";

/** The knocks of a system's clients, one datagram each, from whatever address. */
export class KeySender {
  readonly #peer: KeyPeer;
  readonly #sender: PacketSender<Datagram>;

  constructor(stage: BenchTestBed, peer: KeyPeer) {
    this.#peer = peer;
    const kind = datagramKind(clientLink, addressNumber(serverAddresses[0]), peer.payloadLength);
    this.#sender = stage.at(stage.client, () => new PacketSender("eth0", kind, 1));
  }

  send(source: number, payload: Uint8Array): void {
    this.#sender.packets[0]?.set(source, 40_000, this.#peer.port, payload);
    if (this.#sender.send(1) !== 1) throw new Error("cannot send a datagram");
  }

  /** Knocks with a key for this source, and looks from then on, a SYN each `pace` milliseconds. Blocks this thread. */
  knock(
    prober: Prober,
    key: number,
    { source, patience }: Omit<Look, "port">,
    pace: number,
  ): MeasuredOpening {
    const payload = this.#peer.seal(key, Date.now());
    const send = () => {
      const sent = wallTime();
      this.send(source, payload);
      return sent;
    };
    return prober.knockBy(send, { source, port: doorPort, patience }, pace);
  }

  close(): void {
    this.#sender.close();
  }
}

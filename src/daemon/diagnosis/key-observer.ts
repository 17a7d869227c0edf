import { carriedLength, findCarried } from "../../auth/stun.ts";
import type { Address } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import type { Monotonic } from "../../base/time.ts";
import { Ring } from "../../capture/ring.ts";
import { openRingSocket } from "../../capture/ring-socket.ts";
import { decode } from "../../decode/decode.ts";
import type { RingSize } from "../../ffi/packet-socket.ts";
import { packetLength } from "../../knock/packet.ts";
import { nameInterface } from "../host/interface-name.ts";

/** A datagram that has the form of a knock by key. */
export interface SeenDatagram {
  readonly time: Monotonic;
  readonly source: Address;
  readonly port: number;
  /** `undefined`: unknown. */
  readonly interfaceName: string | undefined;
}

/** Frames that hold a whole knock. */
const ringSize: RingSize = { frame: 512, block: 65_536, blocks: 32 };

/** All UDP ports: a knock may go to a wrong one. */
const allPorts: ReadonlySet<number> = new Set(Array.from({ length: 65_535 }, (_, i) => i + 1));

/** Tells of what has the form of a knock by key, on all interfaces and UDP ports. Throws CAPTURE. */
export function observeKeyKnocks(
  clock: Clock,
  onDatagram: (seen: SeenDatagram) => void,
): { close(): void } {
  const ring = new Ring(
    undefined,
    clock,
    (frame) => {
      const packet = decode(frame);
      if (packet?.protocol !== "udp" || packet.payloadLength < packetLength) return;
      const { data, interfaceIndex } = frame;
      const { payloadStart, payloadLength, time, source, port } = packet;
      const payload = new Uint8Array(data.buffer, data.byteOffset + payloadStart, payloadLength);
      const isPlain = payloadLength === packetLength;
      if (!isPlain && (payloadLength < carriedLength || findCarried(payload) === undefined)) return;
      onDatagram({ time, source, port, interfaceName: nameInterface(interfaceIndex) });
    },
    openRingSocket(ringSize),
  );
  ring.watch({ tcp: new Set(), udp: allPorts });
  return ring;
}

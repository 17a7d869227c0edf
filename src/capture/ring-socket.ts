import type { RingSize } from "../ffi/packet-socket.ts";
import {
  attachFilter,
  closePacketSocket,
  copyLongPackets,
  makeRing,
  makeRingBeside,
  openPacketSocket,
} from "../ffi/packet-socket.ts";
import { compileFilter, wholePacket } from "./filter.ts";

/** A packet socket with a ring. It receives nothing yet. */
export interface RingSocket {
  readonly fd: number;
  readonly size: RingSize;
  /** How many bytes of a packet without extension headers are captured at most. */
  readonly captured: number;
}

/** Of each frame the kernel takes as many bytes for itself. */
const frameHeader = 80;

/**
 * The ring for sequences: 65,849 frames hold 0.12 s of 530,000 packets a second. 80 bytes of a packet are all
 * that a knock needs: the longest IPv4 header, and TCP's.
 */
const defaultSize: RingSize = { frame: 160, block: 65_536, blocks: 161, headersOnly: true };

/** Opens a socket with a ring. Throws CAPTURE. */
export function openRingSocket(size: RingSize = defaultSize): RingSocket {
  return guarded(size, (fd) => makeRing(fd, size));
}

/**
 * Opens a socket whose ring the kernel makes beside the main loop: it waits some 10 ms for its other processors.
 * Rejected with CAPTURE.
 */
export async function openRingSocketBeside(size: RingSize = defaultSize): Promise<RingSocket> {
  let made = Promise.resolve();
  const socket = guarded(size, (fd) => {
    made = makeRingBeside(fd, size);
  });
  return made.then(
    () => socket,
    (error: unknown) => {
      closePacketSocket(socket.fd);
      throw error;
    },
  );
}

/** Closes the socket if `make` throws. */
function guarded(size: RingSize, make: (fd: number) => void): RingSocket {
  const fd = openPacketSocket();
  try {
    attachFilter(fd, compileFilter({ tcp: new Set(), udp: new Set() }, undefined));
    if (size.headersOnly) copyLongPackets(fd);
    make(fd);
    return { fd, size, captured: size.headersOnly ? size.frame - frameHeader : wholePacket };
  } catch (error) {
    closePacketSocket(fd);
    throw error;
  }
}

import type { PortSets } from "../base/port.ts";
import type { Monotonic } from "../base/time.ts";

/** One packet as it was received: bytes from the IP header on. */
export interface Frame {
  readonly data: DataView;
  /** Where the IP header begins in `data`. */
  readonly start: number;
  /** How many bytes from there were captured; the packet itself may have been longer. */
  readonly length: number;
  /** Its length on the wire from the IP header on, in bytes. */
  readonly wireLength: number;
  /** When it arrived. */
  readonly time: Monotonic;
  /** The index of the interface it came in by; 0 if not known. */
  readonly interfaceIndex: number;
  /** Whether it came in by the loopback interface; false if not known. */
  readonly isLoopback: boolean;
}

export interface CaptureCounters {
  /** Packets that passed the filter. */
  readonly received: number;
  /** Those of them that were lost, since nobody took them in time. */
  readonly dropped: number;
}

/**
 * Where packets come from.
 *
 * - Nothing is delivered before `watch` was called once; each call replaces the ports before it.
 * - What is delivered was received after that call or a short while before, and is for a watched
 *   port, or could be: more than asked may come (IPv6 extension headers, ports in between).
 *   Packets that this host sends do not come, nor those for other machines on the same wire.
 * - Frames come in the order of their arrival, from the event loop, never from inside `watch`.
 *   A frame is only valid during the call; its bytes are overwritten afterwards.
 * - `close` may be called more than once; afterwards nothing is delivered any more.
 */
export interface Source {
  watch(ports: PortSets): void;
  counters(): CaptureCounters;
  close(): void;
}

/** Who takes the frames. Must not throw. */
export type Sink = (frame: Frame) => void;

import type { PortSets } from "../base/port.ts";
import type { Monotonic } from "../base/time.ts";

/** A received packet: bytes from the IP header on. */
export interface Frame {
  readonly data: DataView;
  /** Where the IP header begins in `data`. */
  readonly start: number;
  /** How many bytes from there were captured; the packet may be longer. */
  readonly length: number;
  /** Its length on the wire from the IP header on, in bytes. */
  readonly wireLength: number;
  /** When it arrived. */
  readonly time: Monotonic;
  /** The index of the receiving interface; 0 if unknown. */
  readonly interfaceIndex: number;
  /** Whether the loopback interface received it; false if unknown. */
  readonly isLoopback: boolean;
}

export interface CaptureCounters {
  /** Packets that passed the filter. */
  readonly received: number;
  /** How many of them were dropped because the ring was full. */
  readonly dropped: number;
}

/**
 * A source of packets.
 *
 * - It delivers nothing before the first call of `watch`; each call replaces the watched ports.
 * - It delivers packets that arrived after that call, or a short while before, for the watched ports. It may
 *   deliver more (IPv6 extension headers, ports in between), but no packets that this host sends, nor those
 *   for other machines on the same wire.
 * - It delivers frames in the order of their arrival, from the event loop, never from inside `watch`. A frame
 *   is valid during the call only; its bytes are overwritten afterwards.
 * - `close` may be called more than once; it ends all deliveries.
 */
export interface Source {
  watch(ports: PortSets): void;
  counters(): CaptureCounters;
  close(): void;
}

/** The receiver of frames. Must not throw. */
export type Sink = (frame: Frame) => void;

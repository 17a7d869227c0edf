import type { PortSets } from "../base/port.ts";
import type { Monotonic } from "../base/time.ts";
import type { CaptureCounters, Frame, Sink, Source } from "./source.ts";

/** A source that delivers what it is given, where no kernel is to be asked. */
export class MemorySource implements Source {
  readonly #sink: Sink;
  #ports: PortSets | undefined;
  #received = 0;
  #closed = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Delivers one packet, IP header first, at `time`. */
  deliver(packet: Uint8Array, time: Monotonic, interfaceIndex = 2, isLoopback = false): void {
    const data = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const length = packet.length;
    const wireLength = length;
    this.deliverFrame({ data, start: 0, length, wireLength, time, interfaceIndex, isLoopback });
  }

  deliverFrame(frame: Frame): void {
    if (this.#ports === undefined || this.#closed) return;
    this.#received++;
    this.#sink(frame);
  }

  /** What the daemon asked for last. */
  get ports(): PortSets | undefined {
    return this.#ports;
  }

  watch(ports: PortSets): void {
    this.#ports = ports;
  }

  counters(): CaptureCounters {
    return { received: this.#received, dropped: 0 };
  }

  close(): void {
    this.#closed = true;
  }
}

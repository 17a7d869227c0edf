import type { Entry, Log } from "../base/log.ts";
import { portKey } from "../base/port.ts";
import type { CaptureCounters, Frame, Sink, Source, WatchedPorts } from "../capture/source.ts";
import type { Packet } from "../decode/packet.ts";
import type { Firewall } from "../firewall/firewall.ts";

/** Hands the frames of a recording to the pipeline, and filters by port like the kernel in a capture. */
export class ReplaySource implements Source {
  readonly #sink: Sink;
  #watched = new Set<number>();
  #received = 0;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  watch({ tcp, udp }: WatchedPorts): void {
    this.#watched = new Set([
      ...[...tcp].map((port) => portKey(port, "tcp")),
      ...[...udp].map((port) => portKey(port, "udp")),
    ]);
  }

  /** Is the packet for a watched port? */
  wants({ port, protocol }: Packet): boolean {
    return this.#watched.has(portKey(port, protocol));
  }

  deliver(frame: Frame): void {
    this.#received++;
    this.#sink(frame);
  }

  counters(): CaptureCounters {
    return { received: this.#received, dropped: 0 };
  }

  close(): void {
    this.#watched.clear();
  }
}

/** Keeps what the daemon says until somebody takes it. */
export class ReplayLog implements Log {
  #entries: Entry[] = [];
  readonly #restore: (text: string) => string;

  /** `restore`: turns a text of the dry run into what the daemon would say. */
  constructor(restore: (text: string) => string) {
    this.#restore = restore;
  }

  write(entry: Entry): void {
    // The packet is told apart, and that a command which did not run has ended is no news.
    if (entry.event === "packet" || entry.event === "command-exit") return;
    const text = this.#restore(entry.text).replace(": running command: ", ": would run: ");
    this.#entries.push({ ...entry, text });
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Everything since the last time. */
  take(): readonly Entry[] {
    const taken = this.#entries;
    this.#entries = [];
    return taken;
  }
}

/** Does nothing, at once and well. Remembers nothing either: a recording may hold any number of knocks. */
export const dryFirewall: Firewall = {
  open: () => Promise.resolve({ kind: "done" }),
  close: () => Promise.resolve({ kind: "done" }),
};

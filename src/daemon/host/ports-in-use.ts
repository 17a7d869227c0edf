import type { Clock } from "../../base/clock.ts";
import type { PortKey, PortSets } from "../../base/port.ts";
import { portKey } from "../../base/port.ts";
import { later, longAgo } from "../../base/time.ts";
import type { HostPorts } from "../../match/decoys/decoy.ts";
import { forwardedPorts } from "../../system/forwarded.ts";
import { listeningPorts } from "../../system/listening.ts";
import { readLocalPorts } from "../../system/proc.ts";

/** How often, at most, packets to decoys make us ask the kernel again: milliseconds. */
const rereadInterval = 1000;

/** How long after a start or a reload the packet filter is asked what it sends on: milliseconds. */
const searchDelay = 2_000;

/** Where this host's services are, and so no decoys may be. */
export class PortsInUse {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #ownTable: string;
  readonly #readListening: () => PortSets;
  #listening: ReadonlySet<PortKey> = new Set();
  #forwarded: ReadonlySet<number> = new Set();
  readonly #ending = new AbortController();
  #readAt = longAgo;
  #reported = false;
  #cancelSearch: (() => void) | undefined;

  /**
   * `changed` is called, never from within `isInUse`, when services turned out to be where decoys may be; for
   * those that a packet showed once until the next `read`.
   */
  constructor(
    clock: Clock,
    changed: () => void,
    /** What it forwards is no service of another program. */
    ownTable: string,
    readListening: () => PortSets = listeningPorts,
  ) {
    this.#clock = clock;
    this.#ownTable = ownTable;
    this.#changed = changed;
    this.#readListening = readListening;
  }

  /** What listens now, and what is known of the rest. */
  read(): HostPorts {
    this.#refresh();
    this.#reported = false;
    const forwarded = [...this.#forwarded].flatMap((port) => [
      portKey(port, "tcp"),
      portKey(port, "udp"),
    ]);
    return { taken: new Set([...this.#listening, ...forwarded]), local: readLocalPorts() };
  }

  /** Has something begun to listen on this port, which was none of those? */
  isInUse(port: PortKey): boolean {
    if (this.#clock.now() - this.#readAt >= rereadInterval) this.#refresh();
    if (!this.#listening.has(port)) return false;
    // It is a packet that tells of it: first it must be dealt with.
    if (!this.#reported) setImmediate(() => this.#tell());
    this.#reported = true;
    return true;
  }

  /**
   * Asks the packet filter what it sends on to somewhere else, but not at once: starting the programs that
   * know of it keeps this process for some milliseconds, and knocks go first.
   */
  searchSoon(): void {
    this.#cancelSearch?.();
    const when = later(this.#clock.now(), searchDelay);
    this.#cancelSearch = this.#clock.wakeAt(when, () => void this.#search());
  }

  /** Nothing is told any more. */
  close(): void {
    this.#cancelSearch?.();
    this.#ending.abort();
  }

  async #search(): Promise<void> {
    const found = await forwardedPorts(this.#ending.signal, this.#ownTable);
    if (found.size === 0 && this.#forwarded.size === 0) return;
    this.#forwarded = found;
    this.#tell();
  }

  #tell(): void {
    if (!this.#ending.signal.aborted) this.#changed();
  }

  #refresh(): void {
    this.#readAt = this.#clock.now();
    const { tcp, udp } = this.#readListening();
    this.#listening = new Set([
      ...[...tcp].map((port) => portKey(port, "tcp")),
      ...[...udp].map((port) => portKey(port, "udp")),
    ]);
  }
}

import { readFileSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { portKey } from "../../base/port.ts";
import type { WatchedPorts } from "../../capture/source.ts";
import type { HostPorts } from "../../match/decoys.ts";
import { unknownHost } from "../../match/decoys.ts";
import { forwardedPorts } from "./forwarded.ts";
import { listeningPorts } from "./listening.ts";

/** How often, at most, packets to decoys make us ask the kernel again: milliseconds. */
const rereadInterval = 1000;

/** Where this host's services are, and so no decoys may be. */
export class TakenPorts {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #readListening: () => WatchedPorts;
  #listening: ReadonlySet<number> = new Set();
  #forwarded: ReadonlySet<number> = new Set();
  #readAt = Number.NEGATIVE_INFINITY;
  #told = false;

  /** `changed` is called when a packet shows that a service has come to where a decoy was, once until the next `read`. */
  constructor(
    clock: Clock,
    changed: () => void,
    readListening: () => WatchedPorts = listeningPorts,
  ) {
    this.#clock = clock;
    this.#changed = changed;
    this.#readListening = readListening;
  }

  /** What listens now, and what is known of the rest. */
  read(): HostPorts {
    this.#refresh();
    this.#told = false;
    const forwarded = [...this.#forwarded].flatMap((port) => [
      portKey(port, "tcp"),
      portKey(port, "udp"),
    ]);
    return { taken: new Set([...this.#listening, ...forwarded]), local: localPorts() };
  }

  /** Has something begun to listen on this port (`portKey`), which was none of those? */
  isInUse(port: number): boolean {
    if (this.#clock.now() - this.#readAt >= rereadInterval) this.#refresh();
    if (!this.#listening.has(port)) return false;
    if (!this.#told) this.#changed();
    this.#told = true;
    return true;
  }

  /** Asks the packet filter. True if that was of any use. */
  async findForwarded(signal: AbortSignal): Promise<boolean> {
    const found = await forwardedPorts(signal);
    if (signal.aborted || (found.size === 0 && this.#forwarded.size === 0)) return false;
    this.#forwarded = found;
    return true;
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

/** From which this host takes ports for its own connections (ip-sysctl.rst). */
function localPorts(): HostPorts["local"] {
  try {
    const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1");
    const [first, last] = text.trim().split(/\s+/).map(Number);
    return first !== undefined && last !== undefined ? [first, last] : unknownHost.local;
  } catch {
    return unknownHost.local; // No Linux, or no /proc.
  }
}

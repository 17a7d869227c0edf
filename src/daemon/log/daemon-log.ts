import type { Clock } from "../../base/clock.ts";
import type { Entry, EntryListener, LazyEntry, Level, Log } from "../../base/log.ts";
import { makeEntry } from "../../base/log.ts";
import type { WallTime } from "../../base/time.ts";
import { later } from "../../base/time.ts";
import type { LogOutputs, LogSettings } from "./log-outputs.ts";
import { LogRateLimiter, usualRate } from "./log-rate-limiter.ts";
import type { LookUp } from "./reverse-dns.ts";
import { ReverseDns } from "./reverse-dns.ts";

/** How long entries wait: milliseconds. The packets of a knock come together, and its door opens first. */
const delay = 10;

export interface DaemonLogSettings extends LogSettings {
  /** Lines per second from unauthenticated sources; 0: no limit. */
  readonly rate: number;
}

export interface DaemonLogParts {
  readonly outputs: Pick<LogOutputs, "configure" | "isEnabled" | "write" | "close">;
  readonly clock: Clock;
  /** Finds the host names of sources for the outputs; `undefined` means none. */
  readonly lookUp: LookUp | undefined;
}

/**
 * The daemon's log, the one way of an entry:
 *
 *     rate limit → wait → (host name →) outputs
 *                       → subscribers
 *
 * Entries wait a moment, in their order and with their own date: neither a text, a disk, a terminal nor
 * the system's log delays the opening of a door.
 */
export class DaemonLog implements Log {
  readonly rateLimiter: LogRateLimiter;
  readonly #outputs: DaemonLogParts["outputs"];
  readonly #reverseDns: ReverseDns | undefined;
  readonly #clock: Clock;
  readonly #subscribers = new Set<EntryListener>();
  #waiting: [LazyEntry, WallTime][] = [];
  #cancelWake: (() => void) | undefined;
  #defers = false;
  #isUrgent: (entry: Entry) => boolean = () => false;

  constructor({ outputs, clock, lookUp }: DaemonLogParts) {
    this.#outputs = outputs;
    this.#clock = clock;
    this.rateLimiter = new LogRateLimiter(usualRate, clock, this);
    this.#reverseDns =
      lookUp && new ReverseDns((entry, wall) => outputs.write(entry, wall), lookUp);
  }

  /** Applies new settings. Entries so far go where the log was before. */
  configure(settings: DaemonLogSettings): void {
    this.rateLimiter.setRate(settings.rate);
    this.flush();
    this.#outputs.configure(settings);
  }

  /**
   * Starts to let entries wait. Before, they do not: a start that fails has no later. An urgent entry
   * does not wait, nor do those before it.
   */
  startDeferring(isUrgent: (entry: Entry) => boolean = () => false): void {
    this.#defers = true;
    this.#isUrgent = isUrgent;
  }

  /** Subscribers receive all but `debug`. */
  isEnabled(level: Level): boolean {
    return (this.#subscribers.size > 0 && level !== "debug") || this.#outputs.isEnabled(level);
  }

  write(entry: LazyEntry, wall?: WallTime): void {
    const isMade = typeof entry === "object";
    if (isMade && entry.limited && this.rateLimiter.admits("high") === undefined) return;
    this.#waiting.push([entry, wall ?? this.#clock.wall()]);
    if (!this.#defers || (isMade && this.#isUrgent(entry))) this.flush();
    else
      this.#cancelWake ??= this.#clock.wakeAt(later(this.#clock.now(), delay), () => this.flush());
  }

  /** Tells `listener` of every entry from now on. The returned function ends that; it may be called twice. */
  subscribe(listener: EntryListener): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  /** Passes on what waits for its moment. */
  flush(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [entry, wall] of waiting) this.#passOn(makeEntry(entry), wall);
  }

  /** Passes on all that waits, also for a host name, and closes the outputs. Resolves when that is done. */
  async close(): Promise<void> {
    this.flush();
    this.#defers = false;
    this.#reverseDns?.close();
    await this.#outputs.close();
  }

  #passOn(entry: Entry, wall: WallTime): void {
    (this.#reverseDns ?? this.#outputs).write(entry, wall);
    if (entry.level === "debug") return;
    for (const listener of this.#subscribers) listener(entry, wall);
  }
}

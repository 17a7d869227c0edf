// The part of `knockctl doctor` that waits for a knock.
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../../base/address.ts";
import { systemClock } from "../../../base/clock.ts";
import { KnockError } from "../../../base/errors.ts";
import type { Monotonic } from "../../../base/time.ts";
import { later } from "../../../base/time.ts";
import type { Config } from "../../../config/config.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { LoggedEntry } from "../../../control/protocol.ts";
import type { LeaseReport } from "../../../control/reports.ts";
import { observeKnocks } from "../../../daemon/diagnosis/knock-observer.ts";
import type { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import { KnockTraces } from "../../../daemon/diagnosis/knock-traces.ts";
import type { SeenPacket } from "../../../daemon/diagnosis/seen-packet.ts";

export interface SessionParts {
  readonly config: Config;
  /** `undefined`: none runs. */
  readonly daemon: ControlClient | undefined;
  /** The name of the door that is to open; `undefined`: any. */
  readonly door: string | undefined;
  /** Whose packets count; `undefined`: those of all sources. */
  readonly source: Address | undefined;
  /** Nothing is to be opened. */
  readonly isDry: boolean;
  /** Milliseconds. */
  readonly time: number;
  readonly signal: AbortSignal;
  readonly display: SessionDisplay;
}

export interface SessionDisplay {
  readonly packet: (packet: SeenPacket) => void;
  /** A knock has come to nothing, or to nothing yet. */
  readonly attempt: (trace: KnockTrace) => void;
  /** About four times a second; `left`: milliseconds. */
  readonly tick: (left: number) => void;
}

/** A complete knock, and what knockd made of it. */
export interface CompleteKnock {
  readonly door: string;
  readonly source: Address;
  readonly end: KnockEnd;
}

/**
 * - `matched`: it would open the door, if knockd ran, or without --dry-run
 * - `ignored`: knockd ignores its source, for touching decoys
 * - `unheard`: knockd says nothing of it
 * - `running`: the command of the door still runs
 */
export type KnockEnd =
  | { readonly kind: "matched" | "ignored" | "unheard" | "running" | "not-in-kernel" }
  | { readonly kind: "opened"; readonly lease: LeaseReport | undefined }
  | { readonly kind: "failed"; readonly reason: string };

export interface SessionResult {
  /** The best knock of each source, if none was complete. */
  readonly traces: readonly KnockTrace[];
  readonly complete: CompleteKnock | undefined;
  /** The daemon ended meanwhile. */
  readonly hasLostDaemon: boolean;
}

/** A knock is explained when no packet has followed for so long: milliseconds. */
const quietTime = 3_000;

/** How long knockd may take to say something of a knock, and its command to end: milliseconds. */
const wordTime = 3_000;
const commandTime = 5_000;

const tickTime = 250;

/** Listens until a knock is complete, the time is over, or `signal` is aborted. Throws CAPTURE. */
export async function listenForKnock(parts: SessionParts): Promise<SessionResult> {
  const session = new KnockSession(parts);
  return await session.run();
}

interface HeardKnock {
  readonly door: string;
  readonly source: Address;
}

class KnockSession {
  readonly #parts: SessionParts;
  readonly #traces = new KnockTraces();
  readonly #began = Date.now();
  /** What the daemon logs of knocks that are complete. */
  readonly #entries: LoggedEntry[] = [];
  /** By source: the last packet of the knock that was explained. */
  readonly #explained = new Map<string, Monotonic>();
  #complete: HeardKnock | undefined;
  #hasLostDaemon = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  async run(): Promise<SessionResult> {
    const { config, signal, time, display } = this.#parts;
    const watching = new AbortController();
    this.#watchDaemon(watching.signal);
    const observer = await observeKnocks(config, systemClock, (packet) => this.#take(packet));
    try {
      const end = later(systemClock.now(), time);
      while (this.#complete === undefined && !signal.aborted && systemClock.now() < end) {
        display.tick(end - systemClock.now());
        await sleep(tickTime, undefined, { signal }).catch(() => {});
        this.#explain();
      }
    } finally {
      observer.close();
    }
    const complete = this.#complete && {
      ...this.#complete,
      end: await this.#judge(this.#complete),
    };
    watching.abort();
    return { traces: this.#wanted, complete, hasLostDaemon: this.#hasLostDaemon };
  }

  get #wanted(): readonly KnockTrace[] {
    return this.#traces.all.filter(({ door }) => this.#wants(door.name));
  }

  #wants(door: string): boolean {
    return this.#parts.door === undefined || this.#parts.door === door;
  }

  #take(packet: SeenPacket): void {
    const { source, display } = this.#parts;
    if (source !== undefined && !packet.source.equals(source)) return;
    const effects = packet.effects.filter(({ door }) => this.#wants(door.name));
    if (effects.length === 0) return;
    const wanted = { ...packet, effects };
    this.#traces.record(wanted);
    display.packet(wanted);
    const open = effects.find(({ kind }) => kind === "open");
    if (open !== undefined) {
      this.#complete ??= { door: open.door.name, source: packet.source };
    }
  }

  /** Explains the knocks that have come to nothing, each once. */
  #explain(): void {
    const now = systemClock.now();
    for (const trace of this.#wanted) {
      const { source, lastTime, isComplete } = trace;
      if (!isComplete && now - lastTime < quietTime) continue;
      if (this.#explained.get(`${source}`) === lastTime || trace.isOpened) continue;
      this.#explained.set(`${source}`, lastTime);
      this.#parts.display.attempt(trace);
    }
  }

  #watchDaemon(signal: AbortSignal): void {
    const { daemon } = this.#parts;
    const watcher = {
      onEvent: (entry: LoggedEntry) => void (this.#concerns(entry) && this.#entries.push(entry)),
      onDropped: () => {},
    };
    daemon?.watch(watcher, signal).catch(() => {
      this.#hasLostDaemon = true;
    });
  }

  #concerns({ event }: LoggedEntry): boolean {
    return ["open", "rehearsed", "open-failed"].includes(event);
  }

  /** Waits for what knockd makes of a complete knock. */
  async #judge(knock: HeardKnock): Promise<KnockEnd> {
    const { daemon, isDry } = this.#parts;
    if (daemon === undefined || this.#hasLostDaemon) return { kind: "matched" };
    const word = await this.#waitFor(wordTime, () =>
      this.#find(knock, isDry ? "rehearsed" : "open"),
    );
    if (word !== undefined && isDry) return { kind: "matched" };
    try {
      if (word === undefined) {
        const { ignored } = await daemon.ask("status", {});
        const isIgnored = ignored.some(({ source }) => source.equals(knock.source));
        return { kind: isIgnored ? "ignored" : "unheard" };
      }
      const end = await this.#waitForAsync(commandTime, () => this.#ask(daemon, knock));
      return end ?? { kind: "running" };
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      this.#hasLostDaemon = true;
      return { kind: "unheard" };
    }
  }

  #find({ door, source }: HeardKnock, event: string): LoggedEntry | undefined {
    return this.#entries.find(
      (entry) => entry.event === event && entry["door"] === door && entry["source"] === `${source}`,
    );
  }

  /** Returns what has come of it, or `undefined` if that is not certain yet. */
  async #ask(daemon: ControlClient, knock: HeardKnock): Promise<KnockEnd | undefined> {
    const { door: name, source } = knock;
    const doors = (await daemon.ask("doors", {})).filter((one) => one.name === name);
    const failure = doors.flatMap(({ commandFailures }) => commandFailures?.last ?? []);
    const failed = failure.find(
      (last) => last.source.equals(source) && last.time.getTime() >= this.#began,
    );
    if (failed !== undefined) {
      const { reason, stderr } = failed;
      return { kind: "failed", reason: stderr === undefined ? reason : `${reason}: ${stderr}` };
    }
    const refused = this.#find(knock, "open-failed");
    if (refused !== undefined) return { kind: "failed", reason: refused.message };
    const leases = await daemon.ask("leases", {});
    const lease = leases.find((one) => one.door === name && one.source.equals(source));
    if (lease?.inKernel === false) return { kind: "not-in-kernel" };
    if (lease?.state === "open") return { kind: "opened", lease };
    // A command that nothing undoes has no lease: what fails takes a moment.
    const isUntracked = doors.some(({ lastsMs }) => lastsMs === undefined);
    return lease === undefined && isUntracked && this.#hasSettled
      ? { kind: "opened", lease: undefined }
      : undefined;
  }

  #settlesAt: Monotonic | undefined;

  /** Whether a second has passed since this was asked first. */
  get #hasSettled(): boolean {
    this.#settlesAt ??= later(systemClock.now(), 1_000);
    return systemClock.now() >= this.#settlesAt;
  }

  async #waitFor<T>(time: number, look: () => T | undefined): Promise<T | undefined> {
    return await this.#waitForAsync(time, async () => look());
  }

  async #waitForAsync<T>(time: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const end = later(systemClock.now(), time);
    for (;;) {
      const found = await look();
      if (found !== undefined || systemClock.now() >= end || this.#hasLostDaemon) return found;
      await sleep(50);
    }
  }
}

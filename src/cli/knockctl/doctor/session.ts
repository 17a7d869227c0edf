// The part of `knockctl doctor` that waits for a knock.
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../../base/address.ts";
import { systemClock } from "../../../base/clock.ts";
import type { Monotonic } from "../../../base/time.ts";
import { later } from "../../../base/time.ts";
import type { Config } from "../../../config/config.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { LoggedEntry } from "../../../control/protocol.ts";
import { observeKeyKnocks } from "../../../daemon/diagnosis/key-observer.ts";
import { observeKnocks } from "../../../daemon/diagnosis/knock-observer.ts";
import type { KnockTrace } from "../../../daemon/diagnosis/knock-trace.ts";
import { KnockTraces } from "../../../daemon/diagnosis/knock-traces.ts";
import type { SeenPacket } from "../../../daemon/diagnosis/seen-packet.ts";
import { listeningPorts } from "../../../system/listening.ts";
import { readLocalPorts } from "../../../system/proc.ts";
import { whileWatched } from "../user/watched-devices.ts";
import type { RefusedKnock, SeenKeyKnocks, StrangeKnock } from "./key-knocks.ts";
import { KeyKnockLog } from "./key-knocks.ts";
import type { HeardKnock, KnockEnd } from "./knock-end.ts";
import { KnockJudge } from "./knock-end.ts";

export interface SessionParts {
  readonly config: Config;
  /** `undefined`: none runs. */
  readonly daemon: ControlClient | undefined;
  /** The name of the door that is to open; `undefined`: any. */
  readonly door: string | undefined;
  /** Whose packets count; `undefined`: those of all sources. */
  readonly source: Address | undefined;
  /** The devices whose keys open the doors. */
  readonly devices: readonly string[];
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
  /** A knock by key has come to nothing. */
  readonly refused: (knock: RefusedKnock) => void;
  readonly strange: (knock: StrangeKnock) => void;
  /** About four times a second; `left`: milliseconds. */
  readonly tick: (left: number) => void;
}

/** A complete knock, and what knockd made of it. */
export interface CompleteKnock {
  readonly door: string;
  readonly source: Address;
  readonly end: KnockEnd;
}

export interface SessionResult {
  /** The best knock of each source, if none was complete. */
  readonly traces: readonly KnockTrace[];
  /** Those that opened nothing. */
  readonly keyKnocks: SeenKeyKnocks;
  readonly complete: CompleteKnock | undefined;
  /** The daemon ended meanwhile. */
  readonly hasLostDaemon: boolean;
}

/** A knock is explained when no packet has followed for so long: milliseconds. */
const quietTime = 3_000;

const tickTime = 250;

/** Listens until a knock is complete, the time is over, or `signal` is aborted. Throws CAPTURE. */
export async function listenForKnock(parts: SessionParts): Promise<SessionResult> {
  const session = new KnockSession(parts);
  return await session.run();
}

class KnockSession {
  readonly #parts: SessionParts;
  readonly #traces = new KnockTraces();
  readonly #began = Date.now();
  /** What the daemon logs of knocks that are complete. */
  readonly #entries: LoggedEntry[] = [];
  /** By source: the last packet of the knock that was explained. */
  readonly #explained = new Map<string, Monotonic>();
  /** `undefined`: there is no KnockPort, or knockd does not run. */
  readonly #keyKnocks: KeyKnockLog | undefined;
  #complete: HeardKnock | undefined;
  #hasLostDaemon = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { config, source, display, daemon } = parts;
    const { knockPorts, interfaces } = config.options;
    const used = listeningPorts().udp;
    const [first, last] = readLocalPorts();
    if (knockPorts.length === 0 || daemon === undefined) return;
    this.#keyKnocks = new KeyKnockLog({
      ...{ knockPorts, interfaces },
      isInUse: (port) => used.has(port) || (port >= first && port <= last),
      wantsSource: (text) => source === undefined || `${source}` === text,
      wantsDoor: (door) => this.#wants(door),
      onRefused: display.refused,
      onStrange: display.strange,
    });
  }

  async run(): Promise<SessionResult> {
    const { config, daemon, devices } = this.#parts;
    const watching = new AbortController();
    this.#watchDaemon(watching.signal);
    const observer = await observeKnocks(config, systemClock, (packet) => this.#take(packet));
    const log = this.#keyKnocks;
    const keys = log && observeKeyKnocks(systemClock, (seen) => log.see(seen));
    const listening = () => this.#listen();
    try {
      if (daemon === undefined || log === undefined) await listening();
      // What knockd does not watch is a device that it has not loaded, or one too many.
      else await whileWatched(daemon, devices, () => {}, listening);
    } finally {
      observer.close();
      keys?.close();
    }
    const complete = this.#complete && {
      ...this.#complete,
      end: await this.#judge(this.#complete),
    };
    watching.abort();
    return {
      ...{ traces: this.#wanted, keyKnocks: this.#keyKnocks?.seen ?? { refused: [], strange: [] } },
      ...{ complete, hasLostDaemon: this.#hasLostDaemon },
    };
  }

  async #listen(): Promise<void> {
    const { signal, time, display } = this.#parts;
    const end = later(systemClock.now(), time);
    while (this.#complete === undefined && !signal.aborted && systemClock.now() < end) {
      display.tick(end - systemClock.now());
      await sleep(tickTime, undefined, { signal }).catch(() => {});
      this.#explain();
      this.#keyKnocks?.expire(systemClock.now());
    }
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
      this.#complete ??= { door: open.door.name, source: packet.source, isByKey: false };
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
      onEvent: (entry: LoggedEntry) => {
        if (this.#concerns(entry)) this.#entries.push(entry);
        const accepted = this.#keyKnocks?.take(entry);
        if (accepted !== undefined) this.#complete ??= { ...accepted, isByKey: true };
      },
      onDropped: () => {},
    };
    daemon?.watch(watcher, signal).catch(() => {
      this.#hasLostDaemon = true;
    });
  }

  #concerns({ event }: LoggedEntry): boolean {
    return ["open", "rehearsed", "open-failed"].includes(event);
  }

  async #judge(knock: HeardKnock): Promise<KnockEnd> {
    const { daemon, isDry } = this.#parts;
    if (daemon === undefined || this.#hasLostDaemon) return { kind: "matched" };
    const judge = new KnockJudge({
      ...{ daemon, isDry, entries: this.#entries, began: this.#began },
      isLost: () => this.#hasLostDaemon,
      onLost: () => {
        this.#hasLostDaemon = true;
      },
    });
    return await judge.judge(knock);
  }
}

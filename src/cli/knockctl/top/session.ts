// The life of `knockctl top`: asks the daemon once a second, and does what keys ask for.
import type { Clock } from "../../../base/clock.ts";
import { KnockError } from "../../../base/errors.ts";
import type { StatusProblem } from "../../../base/status-problem.ts";
import { plural } from "../../../base/text.ts";
import type { Monotonic } from "../../../base/time.ts";
import { later } from "../../../base/time.ts";
import type { ControlClient } from "../../../control/client.ts";
import { describeClosing } from "../fleet/closing.ts";
import type { FullScreen, FullScreenListener } from "./full-screen.ts";
import type { TopAction, TopKey, TopState } from "./model.ts";
import { complain, emptyState, formatLeft, nameOf, pressKey, takeReading } from "./model.ts";
import type { TopReading } from "./reading.ts";

/** How often the daemon is asked, in milliseconds. */
const period = 1000;

/** A daemon that is silent for so long is said to be: milliseconds. */
const patience = 3000;

/** How often other firewalls are read, in milliseconds: that starts programs. */
const findPeriod = 30_000;

export interface TopParts {
  readonly clock: Clock;
  /** Throws SYSTEM if there is no daemon. */
  readonly connect: () => Promise<ControlClient>;
  readonly openScreen: (listener: FullScreenListener) => FullScreen;
  /** Returns the lines of a state for a terminal of this size. */
  readonly draw: (state: TopState, size: FullScreen["size"]) => readonly string[];
  /** Returns the problems that the daemon does not know of. */
  readonly findProblems: (reading: TopReading) => Promise<readonly StatusProblem[]>;
}

/** Shows a daemon on a full screen until a key or a signal ends it. */
export class TopSession {
  readonly #parts: TopParts;
  #state: TopState = emptyState;
  #daemon: ControlClient | undefined;
  #screen: FullScreen | undefined;
  #cancelTick = () => {};
  /** When the question began that is not answered yet. */
  #asked: Monotonic | undefined;
  #nextFind: Monotonic | undefined;
  #end: (code: number) => void = () => {};

  constructor(parts: TopParts) {
    this.#parts = parts;
  }

  /** Returns the exit code. Throws SYSTEM if the daemon does not answer the first time. */
  async run(): Promise<number> {
    this.#take(await this.#ask());
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    this.#screen = this.#parts.openScreen({
      onKey: (key) => this.#press(key),
      onRedraw: () => this.#draw(),
      onEnd: (code) => this.#end(code),
    });
    try {
      this.#tick();
      return await ended;
    } finally {
      this.#cancelTick();
      this.#screen.close();
      this.#daemon?.close();
    }
  }

  #tick(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    this.#cancelTick = clock.wakeAt(later(now, period), () => this.#tick());
    if (this.#asked === undefined) void this.#poll();
    else if (now - this.#asked >= patience) {
      this.#lose(`knockd has not answered for ${formatLeft(now - this.#asked)}`);
    }
    this.#draw();
  }

  async #poll(): Promise<void> {
    this.#asked = this.#parts.clock.now();
    try {
      this.#take(await this.#ask());
    } catch (error) {
      this.#daemon?.close();
      this.#daemon = undefined;
      this.#lose(messageOf(error));
    }
    this.#asked = undefined;
    this.#draw();
  }

  async #ask(): Promise<TopReading> {
    this.#daemon ??= await this.#parts.connect();
    const daemon = this.#daemon;
    const [status, doors, leases] = await Promise.all([
      daemon.ask("status", {}),
      daemon.ask("doors", {}),
      daemon.ask("leases", {}),
    ]);
    return { status, doors, leases };
  }

  #take(reading: TopReading): void {
    this.#state = takeReading(this.#state, reading);
    const now = this.#parts.clock.now();
    if (this.#nextFind !== undefined && now < this.#nextFind) return;
    this.#nextFind = later(now, findPeriod);
    void this.#find(reading);
  }

  async #find(reading: TopReading): Promise<void> {
    const found = await this.#parts.findProblems(reading).catch(() => []);
    this.#state = { ...this.#state, found };
    this.#draw();
  }

  #lose(why: string): void {
    const { lost } = this.#state;
    const since = lost?.since ?? new Date(this.#parts.clock.wall());
    this.#state = { ...this.#state, lost: { why, since } };
  }

  #press(key: TopKey): void {
    const { state, action } = pressKey(this.#state, key);
    this.#state = state;
    this.#draw();
    if (action !== undefined) void this.#do(action);
  }

  async #do(action: TopAction): Promise<void> {
    if (action.kind === "quit") return this.#end(action.code);
    if (action.kind === "suspend") return this.#screen?.suspend();
    try {
      const text = await this.#carryOut(action);
      this.#state = { ...this.#state, message: { text } };
    } catch (error) {
      this.#state = complain(this.#state, messageOf(error));
    }
    if (this.#asked === undefined) await this.#poll();
    else this.#draw();
  }

  /** Returns what was done. Throws SYSTEM. */
  async #carryOut(action: Exclude<TopAction, { kind: "quit" | "suspend" }>): Promise<string> {
    const daemon = this.#daemon;
    if (daemon === undefined) throw new KnockError("SYSTEM", "knockd does not answer");
    switch (action.kind) {
      case "close": {
        const { door, source } = action.lease;
        const request = { door, address: source, cut: action.cut };
        const { closed, connectionsCut, fleet } = await daemon.ask("close", request);
        const cut = action.cut ? `, ended ${plural(connectionsCut, "connection")}` : "";
        const at = fleet === undefined ? "" : ` ${describeClosing(fleet, true)}`;
        return closed.length === 0
          ? `${nameOf(action.lease)} was closed before${cut}`
          : `closed ${nameOf(action.lease)}${at}${cut}`;
      }
      case "extend": {
        const { door, source } = action.lease;
        const lease = await daemon.ask("extend", { door, address: source, forMs: action.forMs });
        return `${nameOf(lease)} is open for ${formatLeft(lease.remainingMs)} more`;
      }
      case "forgive": {
        const { forgiven } = await daemon.ask("forgive", { address: action.source });
        return forgiven.length === 0
          ? `${action.source} was not ignored any more`
          : `forgave ${action.source}`;
      }
    }
  }

  #draw(): void {
    const { draw } = this.#parts;
    if (this.#screen !== undefined) this.#screen.draw(draw(this.#state, this.#screen.size));
  }
}

function messageOf(error: unknown): string {
  if (error instanceof KnockError) return error.message;
  throw error;
}

// The life of a console's view: asks the daemon once a second while a page looks.
import { hostname } from "node:os";
import type { Clock } from "../../../base/clock.ts";
import { KnockError } from "../../../base/errors.ts";
import type { StatusProblem } from "../../../base/status-problem.ts";
import type { Monotonic } from "../../../base/time.ts";
import { later } from "../../../base/time.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { FleetLeaseReport, FleetReport } from "../../../control/fleet-reports.ts";
import type { Result } from "../../../control/methods.ts";
import type { ConsoleFiles } from "./devices.ts";
import type { ConsoleReading } from "./reading.ts";
import { describeReading, leasesOf } from "./reading.ts";
import type { ConsoleLease, ConsoleLine, ConsoleSections, ConsoleView } from "./view.ts";
import { toView } from "./view.ts";

/** How often the daemon is asked, in milliseconds. */
const period = 1000;

/** A daemon that is silent for so long is said to be: milliseconds. */
const patience = 3000;

/** How often the history of the traffic is asked for: its answer is long. */
const trafficPeriod = 60_000;

/** How often the daemon is asked where the leases of the fleet are open, in milliseconds. */
const fleetPeriod = 5000;

/** How often other firewalls are read, in milliseconds: that starts programs. */
const findPeriod = 30_000;

export interface FeedParts {
  readonly clock: Clock;
  /** Throws SYSTEM if there is no daemon. */
  readonly connect: () => Promise<ControlClient>;
  readonly files: ConsoleFiles;
  /** Returns the problems that the daemon does not know of. */
  readonly findProblems: (
    reading: Pick<ConsoleReading, "doors" | "status">,
  ) => Promise<readonly StatusProblem[]>;
  readonly onView: (view: ConsoleView) => void;
  readonly onLine: (line: ConsoleLine) => void;
}

/** Follows a daemon while it is watched. */
export class ConsoleFeed {
  readonly #parts: FeedParts;
  #daemon: ControlClient | undefined;
  #cancelTick: (() => void) | undefined;
  #watching = new AbortController();
  /** When the question began that is not answered yet. */
  #asked: Monotonic | undefined;
  #sections: Partial<ConsoleSections> = {};
  #leases: readonly ConsoleLease[] = [];
  #found: readonly StatusProblem[] = [];
  #fleetLeases: readonly FleetLeaseReport[] = [];
  #nextFleet: Monotonic | undefined;
  #nextTraffic: Monotonic | undefined;
  #nextFind: Monotonic | undefined;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Begins to ask, unless it has begun. */
  start(): void {
    if (this.#cancelTick === undefined) this.#tick();
  }

  /** Lets the daemon rest. */
  stop(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    this.#drop();
  }

  get #isWatched(): boolean {
    return this.#cancelTick !== undefined;
  }

  /** Asks now, for what an action has changed. */
  async refresh(): Promise<void> {
    if (this.#isWatched && this.#asked === undefined) await this.#poll();
  }

  #tick(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    this.#cancelTick = clock.wakeAt(later(now, period), () => this.#tick());
    if (this.#asked === undefined) void this.#poll();
    else if (now - this.#asked >= patience) this.#lose("knockd does not answer");
    else this.#show();
  }

  async #poll(): Promise<void> {
    this.#asked = this.#parts.clock.now();
    try {
      this.#take(await this.#ask());
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      this.#drop();
      // After `stop` it is our own doing.
      if (this.#isWatched) this.#lose(error.message);
    } finally {
      this.#asked = undefined;
    }
  }

  async #ask(): Promise<ConsoleReading> {
    this.#daemon ??= await this.#connect();
    const daemon = this.#daemon;
    const [status, doors, leases, keys, traffic] = await Promise.all([
      daemon.ask("status", {}),
      daemon.ask("doors", {}),
      daemon.ask("leases", {}),
      daemon.ask("keys", {}),
      this.#askTraffic(daemon),
    ]);
    await this.#parts.files.refresh(status.configFile);
    const fleet = status.fleet === undefined ? undefined : await this.#askFleet(daemon);
    return { status, doors, leases, keys, traffic, fleet };
  }

  async #connect(): Promise<ControlClient> {
    const daemon = await this.#parts.connect();
    if (!this.#isWatched) {
      daemon.close();
      throw new KnockError("SYSTEM", "no page looks any more");
    }
    this.#nextTraffic = undefined;
    this.#nextFleet = undefined;
    this.#nextFind = undefined;
    this.#watching = new AbortController();
    const onEvent = ({ time, level, message }: ConsoleLine) =>
      this.#parts.onLine({ time, level, message });
    const onDropped = (count: number) => {
      const time = new Date(this.#parts.clock.wall()).toISOString();
      onEvent({ time, level: "warning", message: `${count} lines left out` });
    };
    // A connection that ends is noticed by the next question.
    daemon.watch({ onEvent, onDropped }, this.#watching.signal).catch(() => {});
    return daemon;
  }

  async #askTraffic(daemon: ControlClient): Promise<Result<"traffic"> | undefined> {
    const now = this.#parts.clock.now();
    if (this.#nextTraffic !== undefined && now < this.#nextTraffic) return undefined;
    this.#nextTraffic = later(now, trafficPeriod);
    return await daemon.ask("traffic", {});
  }

  /** Where leases are open is asked for less often: it is a long answer, too. */
  async #askFleet(daemon: ControlClient): Promise<FleetReport | undefined> {
    const now = this.#parts.clock.now();
    const isDue = this.#nextFleet === undefined || now >= this.#nextFleet;
    if (isDue) this.#nextFleet = later(now, fleetPeriod);
    const { fleet } = await daemon.ask("fleet", isDue ? { leases: true } : {});
    if (fleet === undefined) return undefined;
    this.#fleetLeases = fleet.leases ?? this.#fleetLeases;
    return { ...fleet, leases: this.#fleetLeases };
  }

  #take(reading: ConsoleReading): void {
    const { clock, files } = this.#parts;
    const wall = clock.wall();
    this.#sections = {
      ...this.#sections,
      ...describeReading(reading, {
        ...{ wall, files, found: this.#found, before: this.#sections, host: hostname() },
      }),
      lost: null,
    };
    this.#leases = leasesOf(reading, this.#leases, wall);
    const now = clock.now();
    if (this.#nextFind === undefined || now >= this.#nextFind) {
      this.#nextFind = later(now, findPeriod);
      void this.#find(reading);
    }
    this.#show();
  }

  async #find(reading: ConsoleReading): Promise<void> {
    // It looks into other firewalls, which a console can do without.
    this.#found = await this.#parts.findProblems(reading).catch(() => []);
  }

  #lose(why: string): void {
    const since = this.#sections.lost?.since ?? this.#parts.clock.wall();
    this.#sections = { ...this.#sections, lost: { why, since } };
    this.#show();
  }

  #drop(): void {
    this.#watching.abort();
    this.#daemon?.close();
    this.#daemon = undefined;
  }

  #show(): void {
    this.#parts.onView(toView(this.#sections, this.#leases));
  }
}

import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Board } from "./board.ts";
import type {
  ConfigurationDigests,
  FleetConfiguration,
  GatewayDifference,
} from "./configuration.ts";
import { compareConfigurations, digestConfiguration } from "./configuration.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { Heartbeat, OpenedHeartbeat } from "./heartbeat.ts";
import { heartbeatField, openHeartbeat, sealHeartbeat } from "./heartbeat.ts";
import type { FleetDigest, FleetSeal } from "./seal.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";

/** Milliseconds between two heartbeats of a gateway. */
export const heartbeatInterval = 5_000;

/** Milliseconds without a heartbeat after which a gateway is away, or is forgotten: 30 days. */
const awayAfter = 3 * heartbeatInterval;
const forgottenAfter = 30 * 24 * 3_600_000;

/** Milliseconds for which gateways are remembered that the store has lost, a day, and how many of them. */
const rememberedFor = 24 * 3_600_000;
const mostRemembered = 1_000;

/** Milliseconds after which what no key opens is removed, and of how many places: a day. */
const unknownFor = 24 * 3_600_000;
const mostUnknown = 1_000;

/** Milliseconds for which a gateway of the same name is remembered: the later one of two overwrites the other. */
const twinFor = 60_000;

/** Milliseconds by which dates may differ. */
const mostClockDifference = 30_000;

/** With more gateways each reads less often, and in larger parts. */
const fewGateways = 50;

/** Heartbeats of its own that a gateway keeps, to compare those of others with. */
const keptTold = 8;

export interface RosterParts {
  readonly gateway: string;
  readonly version: string;
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
  readonly configuration: () => FleetConfiguration;
  readonly openLeases: () => number;
  /** Told how long the store took to write a heartbeat: milliseconds. */
  readonly onWritten: (milliseconds: number) => void;
}

/** What a gateway says of its part. */
export type OwnReport = Pick<Heartbeat, "read" | "n" | "unfinished">;

/** A gateway as the last heartbeats show it. */
export interface RosterEntry {
  readonly name: string;
  readonly isHere: boolean;
  readonly isUp: boolean;
  /** Since its last heartbeat: milliseconds. */
  readonly seen: number;
  readonly version: string;
  readonly leases: number;
  /** Entries of the log that it had not read when it said so, though this gateway had. */
  readonly behind: number;
  /** By how much its date is ahead of this gateway's: milliseconds; undefined if it is away. */
  readonly clock: number | undefined;
  readonly differences: readonly GatewayDifference[];
}

/** A configuration, and its digests by some keys. */
interface DigestedConfiguration {
  readonly of: FleetConfiguration;
  readonly digests: Map<FleetDigest, ConfigurationDigests>;
}

/** The gateways of the fleet, this one among them, as they tell. */
export class Roster {
  readonly #parts: RosterParts;
  /** A text that no other start of a gateway shares. */
  readonly start: string = randomUUID();
  #heartbeats: readonly OpenedHeartbeat[] = [];
  /** When they were read. */
  #readAt = fleetTime(0);
  /** What this gateway told last, newest first. */
  #told: readonly Heartbeat[] = [];
  #digested: DigestedConfiguration | undefined;
  /** Since when there is something in a place that no key opens. */
  #unknown: ReadonlyMap<string, FleetTime> = new Map();
  /** Places that are to be cleared. */
  #forgotten: string[] = [];
  /** When another one was heard of in this one's place. */
  #twinAt = fleetTime(Number.NEGATIVE_INFINITY);
  /** Heartbeats until all are read again. */
  #rounds = 0;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** The last heartbeat of each gateway. */
  get heartbeats(): readonly Heartbeat[] {
    return this.#heartbeats;
  }

  /** Whether there are so many gateways that each reads in larger parts. */
  get isLarge(): boolean {
    return this.#heartbeats.length > fewGateways;
  }

  /** Whether another gateway with this one's name has told of itself shortly before the last look. */
  get isNameTaken(): boolean {
    return this.#twinAt + twinFor > this.#readAt;
  }

  /** Returns the gateways that were heard of within 30 days, in the order of their names. */
  gateways(): RosterEntry[] {
    const entries = this.#heartbeats.map((one) => this.#entryOf(one));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns whether a gateway has told of itself shortly before the last look. */
  isUp({ at }: Heartbeat): boolean {
    return at + awayAfter > this.#readAt;
  }

  /**
   * Tells of this gateway, and hears of all. `own`: what it says when the others were read, since an acknowledgement
   * may be told meanwhile. Throws a `BoardError`.
   */
  async exchange(board: Board, own: () => OwnReport): Promise<void> {
    // What another one wrote in this one's place is seen before it is replaced.
    if (this.#rounds <= 0) await this.hear(board);
    this.#rounds--;
    await this.tell(board, own());
    for (const field of this.#forgotten.splice(0)) await board.forget(field);
  }

  /** Reads all heartbeats. Throws a `BoardError`. */
  async hear(board: Board): Promise<void> {
    const { seal, gateway, fleetClock } = this.#parts;
    const rows = await board.heartbeats();
    const now = fleetClock.now();
    this.#readAt = now;
    const read = rows.map(({ field, ...row }) => {
      return { field, heartbeat: openHeartbeat(seal, { field, ...row }) };
    });
    const newest = new Map<string, OpenedHeartbeat>();
    for (const { heartbeat } of read) {
      if (heartbeat === undefined) continue;
      const { at = heartbeat.at } = newest.get(heartbeat.gateway) ?? {};
      if (heartbeat.at >= at) newest.set(heartbeat.gateway, heartbeat);
    }
    // A store that came back empty hides none.
    const lost = this.#heartbeats.filter(
      (one) => !newest.has(one.gateway) && now - one.at < rememberedFor,
    );
    this.#heartbeats = [...newest.values(), ...lost.slice(0, mostRemembered)];
    this.#rounds = Math.floor(newest.size / fewGateways);
    const place = heartbeatField(seal, gateway);
    const named = read.find(({ field }) => field === place)?.heartbeat;
    // What an earlier start left there was replaced by this one.
    const hasTold = this.#told.length > 0;
    if (hasTold && named !== undefined && named.start !== this.start) this.#twinAt = now;
    const unknown = read.filter(({ heartbeat }) => heartbeat === undefined);
    this.#noteUnknown(unknown.map(({ field }) => field));
    this.#forgotten = read
      .filter(({ field, heartbeat }) => {
        if (heartbeat === undefined) return now - (this.#unknown.get(field) ?? now) > unknownFor;
        // Under an earlier key it was kept elsewhere.
        const isOldPlace = heartbeat.gateway === gateway && field !== place;
        return isOldPlace || now - heartbeat.at > forgottenAfter;
      })
      .map(({ field }) => field);
  }

  /** Tells of this gateway. Throws a `BoardError`. */
  async tell(board: Board, own: OwnReport): Promise<void> {
    const { gateway, version, seal, clock, fleetClock, openLeases, onWritten } = this.#parts;
    const heartbeat: Heartbeat = {
      ...{ gateway, version, start: this.start, leases: openLeases(), ...own },
      at: fleetClock.now(),
      date: clock.wall(),
      digests: this.#digestsBy(seal.digest),
    };
    const row = sealHeartbeat(seal, heartbeat);
    const asked = clock.now();
    await board.beat(row.field, row);
    onWritten(clock.now() - asked);
    this.#told = [heartbeat, ...this.#told.slice(0, keptTold - 1)];
    const others = this.#heartbeats.filter((one) => one.gateway !== gateway);
    this.#heartbeats = [...others, { ...heartbeat, digest: seal.digest }];
  }

  /** Takes note of places that no key opens: of another key, or garbage. */
  #noteUnknown(fields: readonly string[]): void {
    const noted = fields.slice(0, mostUnknown).map((field) => {
      return [field, this.#unknown.get(field) ?? this.#readAt] as const;
    });
    this.#unknown = new Map(noted);
  }

  /** Returns the digests of what this gateway has now. */
  #digestsBy(digest: FleetDigest): ConfigurationDigests {
    const of = this.#parts.configuration();
    if (this.#digested?.of !== of) this.#digested = { of, digests: new Map() };
    const known = this.#digested.digests.get(digest) ?? digestConfiguration(digest, of);
    this.#digested.digests.set(digest, known);
    return known;
  }

  #entryOf(heartbeat: OpenedHeartbeat): RosterEntry {
    const { gateway, clock, fleetClock } = this.#parts;
    const { at, n, date, version, leases } = heartbeat;
    const isHere = heartbeat.gateway === gateway;
    const isUp = this.isUp(heartbeat);
    const ahead = date - at - (clock.wall() - fleetClock.now());
    const place = this.#told.find((one) => one.at <= at);
    return {
      ...{ name: heartbeat.gateway, isHere, isUp, version, leases },
      seen: Math.max(0, fleetClock.now() - at),
      behind: Math.max(0, (place?.n ?? n) - n),
      clock: isUp ? Math.round(ahead) : undefined,
      differences: isHere ? this.#ownDifferences() : this.#differencesOf(heartbeat, ahead),
    };
  }

  #ownDifferences(): GatewayDifference[] {
    return this.isNameTaken ? [{ what: "name" }] : [];
  }

  /** A gateway that is away still has what it had; its date is not known. */
  #differencesOf(heartbeat: OpenedHeartbeat, ahead: number): GatewayDifference[] {
    // What this gateway has now, and not what it told last; by the key of the other one, which may be the older.
    const digests = this.#digestsBy(heartbeat.digest);
    const { doors } = this.#parts.configuration();
    const differences = compareConfigurations(doors, digests, heartbeat.digests);
    return this.isUp(heartbeat) && Math.abs(ahead) > mostClockDifference
      ? [...differences, { what: "clock" }]
      : differences;
  }
}

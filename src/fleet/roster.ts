import { randomUUID } from "node:crypto";
import * as v from "valibot";
import type { Clock } from "../base/clock.ts";
import { parseJson } from "../base/json-fields.ts";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { Board, BoardRow } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { FleetSeal } from "./seal.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime, noStamp, openingStamp } from "./stamp.ts";

/** What a gateway says of itself every few seconds. */
export interface Heartbeat {
  readonly gateway: string;
  /** A text that no other start of a gateway shares. */
  readonly start: string;
  readonly version: string;
  /** The id of the last entry of the log that it has read. */
  readonly read: string;
  readonly holders: number;
  readonly at: FleetTime;
  /** Its own date. */
  readonly date: WallTime;
}

/** Milliseconds between two heartbeats of a gateway. */
export const heartbeatInterval = 5_000;

/** Milliseconds without a heartbeat after which a gateway is forgotten: 30 days. */
const forgottenAfter = 30 * 24 * 3_600_000;

const text = v.pipe(v.string(), v.maxLength(255));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.object({
  op: v.literal("beat"),
  gateway: v.pipe(text, v.nonEmpty()),
  start: text,
  version: text,
  read: text,
  holders: whole,
  at: v.pipe(whole, v.transform(fleetTime)),
  date: v.pipe(v.number(), v.finite(), v.transform(wallTime)),
});

export interface RosterParts {
  readonly gateway: string;
  readonly version: string;
  readonly seal: FleetSeal;
  readonly clock: Clock;
  readonly fleetClock: FleetClock;
}

/** The gateways of the fleet, this one among them, as they tell. */
export class Roster {
  readonly #parts: RosterParts;
  /** A text that no other start of a gateway shares. */
  readonly start: string = randomUUID();
  #heartbeats: readonly Heartbeat[] = [];

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** The last heartbeat of each gateway. */
  get heartbeats(): readonly Heartbeat[] {
    return this.#heartbeats;
  }

  /** Returns whether another gateway with this one's name tells of itself. */
  get isNameTaken(): boolean {
    const { gateway } = this.#parts;
    return this.#heartbeats.some((one) => one.gateway === gateway && one.start !== this.start);
  }

  /** Tells of this gateway, and hears of all. Throws a `BoardError`. */
  async exchange(board: Board, own: Pick<Heartbeat, "read" | "holders">): Promise<void> {
    const { seal, fleetClock } = this.#parts;
    // What another one wrote in this one's place is seen before it is replaced.
    const rows = await board.heartbeats();
    const read = rows.map((row) => ({ row, heartbeat: openHeartbeat(seal, row) }));
    this.#heartbeats = read.flatMap(({ heartbeat }) => heartbeat ?? []);
    await this.#tell(board, own);
    for (const { row, heartbeat } of read) {
      const age = heartbeat === undefined ? 0 : fleetClock.now() - heartbeat.at;
      if (age > forgottenAfter) await board.forget(row.field);
    }
  }

  async #tell(board: Board, own: Pick<Heartbeat, "read" | "holders">): Promise<void> {
    const { gateway, version, seal, clock, fleetClock } = this.#parts;
    const heartbeat: Heartbeat = {
      ...{ gateway, version, start: this.start, ...own },
      at: fleetClock.now(),
      date: clock.wall(),
    };
    const row = sealHeartbeat(seal, heartbeat);
    await board.beat(row.field, row);
  }
}

function sealHeartbeat(seal: FleetSeal, heartbeat: Heartbeat): BoardRow {
  const field = seal.digest(`gateway\0${heartbeat.gateway}`);
  const place = { field, stamp: openingStamp(heartbeat.at, noStamp) };
  return { ...place, sealed: seal.seal(place, JSON.stringify({ op: "beat", ...heartbeat })) };
}

/** Returns the heartbeat of a row, or undefined if no gateway of this fleet wrote it there. */
function openHeartbeat(seal: FleetSeal, { sealed, ...place }: BoardRow): Heartbeat | undefined {
  const opened = seal.open(place, sealed);
  if (opened.kind !== "opened") return undefined;
  const parsed = v.safeParse(schema, parseJson(opened.content.toString()));
  if (!parsed.success) return undefined;
  const { op: _, ...heartbeat } = parsed.output;
  return heartbeat;
}

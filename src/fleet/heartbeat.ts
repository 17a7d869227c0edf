import * as v from "valibot";
import { parseJson } from "../base/json-fields.ts";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { BoardRow } from "./board.ts";
import type { ConfigurationDigests } from "./configuration.ts";
import { digestsSchema } from "./configuration.ts";
import type { FleetDigest, FleetSeal } from "./seal.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime, noStamp, openingStamp } from "./stamp.ts";
import type { LogRange } from "./unfinished.ts";

/** What a gateway says of itself every few seconds. */
export interface Heartbeat {
  readonly gateway: string;
  /** A text that no other start of a gateway shares. */
  readonly start: string;
  /** Of its program. */
  readonly version: string;
  /** The id of the last entry of the log that it has read, and its number. */
  readonly read: string;
  readonly n: number;
  /** Parts of the log whose closings have not ended there. */
  readonly unfinished: readonly LogRange[];
  /** Open at this gateway. */
  readonly leases: number;
  readonly at: FleetTime;
  /** Its own date. */
  readonly date: WallTime;
  readonly digests: ConfigurationDigests;
}

/** A heartbeat that was read. */
export interface OpenedHeartbeat extends Heartbeat {
  /** What its digests were made with. */
  readonly digest: FleetDigest;
}

const text = v.pipe(v.string(), v.maxLength(255));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.object({
  op: v.literal("beat"),
  gateway: v.pipe(text, v.nonEmpty()),
  start: text,
  version: text,
  read: text,
  n: whole,
  unfinished: v.pipe(v.array(v.strictTuple([text, text])), v.maxLength(32)),
  leases: whole,
  at: v.pipe(whole, v.transform(fleetTime)),
  date: v.pipe(v.number(), v.finite(), v.transform(wallTime)),
  digests: digestsSchema,
});

/** Returns where the heartbeat of a gateway is kept. */
export function heartbeatField(seal: FleetSeal, gateway: string): string {
  return seal.digest(`gateway\0${gateway}`);
}

/** Returns what the store gets of a heartbeat. */
export function sealHeartbeat(seal: FleetSeal, heartbeat: Heartbeat): BoardRow {
  const field = heartbeatField(seal, heartbeat.gateway);
  const place = { field, stamp: openingStamp(heartbeat.at, noStamp) };
  return { ...place, sealed: seal.seal(place, JSON.stringify({ op: "beat", ...heartbeat })) };
}

/** Returns the heartbeat of a row, or undefined if no gateway of this fleet wrote it there. */
export function openHeartbeat(
  seal: FleetSeal,
  { sealed, ...place }: BoardRow,
): OpenedHeartbeat | undefined {
  const opened = seal.open(place, sealed);
  if (opened.kind !== "opened") return undefined;
  const parsed = v.safeParse(schema, parseJson(opened.content.toString()));
  if (!parsed.success) return undefined;
  const { op: _, ...heartbeat } = parsed.output;
  return { ...heartbeat, digest: opened.digest };
}

// What may be used once in the whole fleet, and how a record tells of it.
import * as v from "valibot";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { FleetTime } from "./stamp.ts";
import { fleetTime } from "./stamp.ts";

/** A packet of a key: good once while its time is fresh. */
export interface PacketUse {
  readonly kind: "packet";
  /** The id of its key. */
  readonly key: string;
  /** The time in it: microseconds since 1970. */
  readonly time: number;
  /** Where the time does not tell packets of a key apart: the SHA-256 of its plaintext, as hexadecimal digits. */
  readonly digest?: string | undefined;
}

/** A line of a one-time list of the `nth` door of this name. */
export interface LineUse {
  readonly kind: "line";
  readonly door: string;
  readonly nth: number;
  /** Where the line begins: bytes. */
  readonly offset: number;
  /** The sequence of the line, as text. */
  readonly sequence: string;
}

export type SingleUse = PacketUse | LineUse;

/** What a gateway tells of something that was used. */
export interface UseRecord {
  readonly use: SingleUse;
  /** When it has no more effect. */
  readonly until: FleetTime;
  /** The gateway that tells it, the date there, and how long it had effect from then on: milliseconds. */
  readonly origin: string;
  readonly date: WallTime;
  readonly left: number;
}

/** The operation of records that tell of something used. */
export const useOperation = "used";

const text = v.pipe(v.string(), v.nonEmpty(), v.maxLength(255), v.regex(/^[^\0]*$/));
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const schema = v.object({
  use: v.variant("kind", [
    v.object({
      kind: v.literal("packet"),
      key: text,
      time: number,
      digest: v.optional(v.pipe(v.string(), v.regex(/^[\da-f]{64}$/))),
    }),
    v.object({
      kind: v.literal("line"),
      door: text,
      nth: v.pipe(number, v.minValue(1)),
      offset: number,
      // As long as records may be: a sequence has no limit of its own.
      sequence: v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048)),
    }),
  ]),
  until: v.pipe(number, v.transform(fleetTime)),
  origin: text,
  date: v.pipe(v.number(), v.finite(), v.transform(wallTime)),
  left: number,
});

/** Returns a text that nothing else shares: of a packet its own, of a line that of its list. */
export function keyOfUse(use: SingleUse): string {
  if (use.kind === "line") return ["used", use.door, use.nth].join("\0");
  const { key, time, digest } = use;
  return ["seen", key, time, ...(digest === undefined ? [] : [digest])].join("\0");
}

/** Returns whether it is the same packet, or the same line. */
export function isSameUse(a: SingleUse, b: SingleUse): boolean {
  if (keyOfUse(a) !== keyOfUse(b)) return false;
  if (a.kind === "packet" || b.kind === "packet") return true;
  return a.offset === b.offset && a.sequence === b.sequence;
}

/** Returns the content of a record. */
export function formatUse(record: UseRecord): string {
  return JSON.stringify({ op: useOperation, ...record });
}

/** Reads the JSON of a record, or returns undefined if it is malformed. */
export function readUse(json: unknown): UseRecord | undefined {
  const parsed = v.safeParse(schema, json);
  return parsed.success ? parsed.output : undefined;
}

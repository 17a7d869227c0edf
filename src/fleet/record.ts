// The content of sealed records as JSON. Members that this version does not know are ignored.
import * as v from "valibot";
import type { Address } from "../base/address.ts";
import { parseAddress } from "../base/address.ts";
import { parseJson } from "../base/json-fields.ts";
import type { WallTime } from "../base/time.ts";
import { wallTime } from "../base/time.ts";
import type { FleetKnowledge } from "./knowledge.ts";
import type { LeaseHistory } from "./lease-history.ts";
import { emptyHistory, mergeHistories, stampOf } from "./lease-history.ts";
import { mostOpenings } from "./shared-leases.ts";
import type { UseRecord } from "./single-use.ts";
import { readUse, useOperation } from "./single-use.ts";
import type { FleetStamp } from "./stamp.ts";
import { fleetTime, isClosingStamp, isOpeningStamp } from "./stamp.ts";
import type { FleetSubject } from "./subject.ts";

/** What a gateway tells of a subject. */
export interface FleetRecord extends FleetKnowledge {
  /** The date there when it was told. */
  readonly date: WallTime;
  /** How long it had effect from then on: milliseconds. */
  readonly left: number;
  /** Whether it waits for an acknowledgement by all gateways. */
  readonly asks?: boolean | undefined;
}

/** What reading gives. `unknown`: of an operation that a later version may have. */
export type ReadRecord =
  | { readonly kind: "record"; readonly record: FleetRecord }
  | { readonly kind: "use"; readonly record: UseRecord }
  | { readonly kind: "unknown" | "malformed" };

/** Milliseconds for which a record may be over, by the dates of both gateways. */
const mostOverdue = 300_000;

/** Characters of a name. A record stays shorter than `longestSealed`. */
const longestName = 255;

const text = v.pipe(v.string(), v.maxLength(longestName), v.regex(/^[^\0]*$/));
const name = v.pipe(text, v.nonEmpty());
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(number, v.transform(fleetTime));
const address = v.pipe(
  v.string(),
  v.maxLength(longestName),
  v.rawTransform<string, Address>(({ dataset, addIssue, NEVER }) => {
    const parsed = parseAddress(dataset.value);
    if (parsed !== undefined) return parsed;
    addIssue({ message: "expected an address" });
    return NEVER;
  }),
);

const subject = v.variant("kind", [
  v.object({
    kind: v.literal("holder"),
    door: name,
    nth: v.pipe(number, v.minValue(1)),
    source: address,
    who: text,
  }),
  v.object({ kind: v.literal("door-source"), door: name, source: address }),
  v.object({ kind: v.literal("door"), door: name }),
  v.object({ kind: v.literal("source"), source: address }),
  v.object({ kind: v.literal("who"), who: name }),
  v.object({ kind: v.literal("all") }),
]);

const stateSchema = v.object({
  subject,
  closed: v.optional(v.pipe(v.number(), v.guard(isClosingStamp)), emptyHistory.closed),
  openings: v.optional(
    v.pipe(
      v.array(v.strictTuple([v.pipe(v.number(), v.guard(isOpeningStamp)), time])),
      v.maxLength(mostOpenings),
    ),
    [],
  ),
  until: time,
  origin: name,
  date: v.pipe(v.number(), v.finite(), v.transform(wallTime)),
  left: number,
  asks: v.optional(v.literal(true)),
});

const operation = v.object({ op: v.string() });

/** Returns the content of a record. */
export function formatRecord({ subject, history, asks, ...rest }: FleetRecord): string {
  const { closed, openings } = history;
  return JSON.stringify({
    op: "state",
    subject: formatSubject(subject),
    ...(closed === emptyHistory.closed ? {} : { closed }),
    ...(openings.length === 0 ? {} : { openings: openings.map(({ stamp, end }) => [stamp, end]) }),
    ...rest,
    ...(asks === true ? { asks } : {}),
  });
}

/** Reads the content of a record that bears this stamp outside. */
export function readRecord(content: string, stamp: FleetStamp): ReadRecord {
  const json = parseJson(content);
  const op = v.safeParse(operation, json);
  if (!op.success) return { kind: "malformed" };
  if (op.output.op === useOperation) {
    const record = readUse(json);
    return record === undefined ? { kind: "malformed" } : { kind: "use", record };
  }
  if (op.output.op !== "state") return { kind: "unknown" };
  const parsed = v.safeParse(stateSchema, json);
  if (!parsed.success) return { kind: "malformed" };
  const { closed, openings, ...rest } = parsed.output;
  const told = { closed, openings: openings.map(([stamp, end]) => ({ stamp, end })) };
  const history = mergeHistories(emptyHistory, told);
  if (!isPossible(rest.subject, history) || stampOf(history) !== stamp) {
    return { kind: "malformed" };
  }
  return { kind: "record", record: { ...rest, history } };
}

/**
 * Returns whether a record is over by the dates of its origin and of this gateway, whatever the store says of the
 * time.
 */
export function isOverdue(
  { date, left }: Pick<FleetRecord, "date" | "left">,
  wall: WallTime,
): boolean {
  return date + left + mostOverdue < wall;
}

/** Only holders are let in; scopes are closed. */
function isPossible({ kind }: FleetSubject, { openings }: LeaseHistory): boolean {
  return kind === "holder" || openings.length === 0;
}

function formatSubject(subject: FleetSubject): Record<string, string | number> {
  return "source" in subject ? { ...subject, source: String(subject.source) } : subject;
}

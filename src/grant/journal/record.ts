// The lines of a lease journal as JSON: events, and the moments at which daemons started and ended.
import * as v from "valibot";
import type { AccessOwner } from "../../base/access-owner.ts";
import { lostName, ownerName, trialName } from "../../base/access-owner.ts";
import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import type { RoutedService } from "../../base/service.ts";
import { formatService, isRouted, parseService } from "../../base/service.ts";
import type { Monotonic, WallTime } from "../../base/time.ts";
import { monotonic, wallTime } from "../../base/time.ts";
import type { Access } from "../../firewall/firewall.ts";
import type { LeaseEvent } from "../lease.ts";

/** One moment on all clocks. Monotonic times of different boots and time namespaces cannot be compared. */
export interface ClockReading {
  /** The boot of the machine: /proc/sys/kernel/random/boot_id. */
  readonly boot: string;
  readonly now: Monotonic;
  readonly wall: WallTime;
  /** The offset of the monotonic clock in this time namespace, as the kernel shows it; absent if there is none. */
  readonly offset?: string;
}

/** Returns whether monotonic times of both readings can be compared. */
export function isSameClock(a: ClockReading, b: ClockReading): boolean {
  return a.boot === b.boot && a.offset === b.offset;
}

/** One line: a daemon started or ended, or an event of a lease. */
export type LeaseRecord =
  | ({ readonly op: "start" } & ClockReading)
  | ({ readonly op: "end" } & ClockReading)
  | LeaseEvent;

const time = v.pipe(v.number(), v.finite());
const moment = v.pipe(time, v.transform(monotonic));
const date = v.pipe(time, v.transform(wallTime));
const id = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const protocol = v.picklist(["tcp", "udp"]);

/** JSON has no undefined: what is absent comes back as undefined. */
const optional = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.optional(schema, undefined as never);

const address = v.pipe(
  v.string(),
  v.rawTransform<string, Address>(({ dataset, addIssue, NEVER }) => {
    const parsed = parseAddress(dataset.value);
    if (parsed !== undefined) return parsed;
    addIssue({ message: "expected an address" });
    return NEVER;
  }),
);

/**
 * A service of hosts behind this one, as `formatService` writes it: versions that do not know it must not take it
 * for a service of this host.
 */
const behind = v.pipe(
  v.object({ behind: v.string() }),
  v.rawTransform<{ behind: string }, RoutedService>(({ dataset, addIssue, NEVER }) => {
    const parsed = parseService(dataset.value.behind);
    if (parsed !== undefined && isRouted(parsed)) return parsed;
    addIssue({ message: "expected a service of other hosts" });
    return NEVER;
  }),
);

// The member names `passage` and `way` are those of version 0.1: the files must stay readable.
const way = v.variant("kind", [
  v.object({
    kind: v.literal("command"),
    start: v.string(),
    stop: optional(v.string()),
    user: optional(v.string()),
    timeout: optional(time),
    // Version 0.1 ignores it.
    serial: optional(v.string()),
  }),
  v.object({
    kind: v.literal("native"),
    services: v.array(
      v.union([
        v.object({ protocol: v.picklist(["icmp", "any"]) }),
        v.object({ protocol, port }),
        behind,
      ]),
    ),
  }),
]);

const passage = v.object({
  door: v.string(),
  nth: id,
  source: address,
  knock: optional(v.object({ port, protocol })),
  way,
  /** Older versions ignore it. */
  origin: v.exactOptional(v.string()),
});

/** As in `Access`. */
const who = v.exactOptional(v.string());

/** As in `HolderMark`. Older versions ignore it. */
const stamp = v.exactOptional(v.number());
const origin = v.exactOptional(v.string());

const stderr = v.exactOptional(v.string());

// Version 0.1 ignores it.
const failure = v.object({
  result: v.variant("kind", [
    v.object({ kind: v.literal("failed"), status: v.number(), stderr }),
    v.object({ kind: v.literal("killed"), signal: v.string(), stderr }),
    v.object({ kind: v.literal("timed-out"), stderr }),
    v.object({ kind: v.literal("not-started"), reason: v.string() }),
    v.object({ kind: v.literal("lost"), ended: v.exactOptional(date) }),
  ]),
  attempts: id,
  runs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  since: moment,
});

const record = v.variant("op", [
  v.object({
    op: v.picklist(["start", "end"]),
    boot: v.string(),
    now: moment,
    wall: date,
    // Version 0.1 ignores it.
    offset: v.exactOptional(v.string()),
  }),
  // Older versions ignore `who`, and take no line with `leave`.
  v.object({ op: v.literal("open"), id, passage, length: time, since: moment, who, stamp }),
  v.object({ op: v.literal("opened"), id, due: moment }),
  v.object({ op: v.literal("extend"), id, due: moment, who, stamp, origin }),
  v.object({ op: v.literal("leave"), id, who: v.string() }),
  v.object({
    op: v.literal("close"),
    id,
    failure: v.fallback(optional(failure), undefined as never),
  }),
  v.object({ op: v.literal("closed"), id }),
]);

/** Returns the record that a line of a journal holds, or undefined if it is not one. */
export function parseRecord(value: unknown): LeaseRecord | undefined {
  const parsed = v.safeParse(record, value);
  if (!parsed.success) return undefined;
  if (parsed.output.op === "close") {
    const { failure, ...close } = parsed.output;
    return { ...close, ...(failure && { failure }) };
  }
  if (parsed.output.op !== "open") return parsed.output;
  const { passage, who, ...rest } = parsed.output;
  const { way: method, door: name, nth, ...place } = passage;
  const parts = { owner: parseOwner(name, nth), ...place, ...(who !== undefined && { who }) };
  // An access of each kind is a type of its own: the compiler has to see which.
  const access = method.kind === "native" ? { ...parts, method } : { ...parts, method };
  return { ...rest, access };
}

/** The file knows owners by their names alone, as version 0.1 did. */
function parseOwner(name: string, nth: number): AccessOwner {
  if (name === trialName && nth === 1) return { kind: "trial" };
  return name === lostName ? { kind: "lost", nth } : { kind: "door", name, nth };
}

/** Returns what JSON makes of a record: addresses as text, and the member names of the file. */
export function recordToJson(record: LeaseRecord): unknown {
  if (record.op !== "open") return record;
  const { op, id, access, length, since, stamp } = record;
  const { owner, method, source, knock, who, origin } = access;
  const door = { door: ownerName(owner), nth: owner.kind === "trial" ? 1 : owner.nth };
  const passage = {
    ...door,
    source: source.toString(),
    knock,
    way: methodToJson(method),
    ...(origin !== undefined && { origin }),
  };
  const members = { ...(who !== undefined && { who }), ...(stamp !== undefined && { stamp }) };
  return { op, id, passage, length, since, ...members };
}

function methodToJson(method: Access["method"]): unknown {
  if (method.kind === "command") return method;
  const services = method.services.map((service) =>
    isRouted(service) ? { behind: formatService(service) } : service,
  );
  return { ...method, services };
}

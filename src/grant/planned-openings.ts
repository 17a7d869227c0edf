import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import type { CommandScheduler } from "./command-scheduler.ts";
import { holderOf, holdersAt, whoMember } from "./holders.ts";
import type { AccessRequest, Lease } from "./lease.ts";
import { reopenOf } from "./lease.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { SourcePlace } from "./source-order.ts";

export interface PlannedOpeningsParts {
  readonly clock: Clock;
  readonly registry: LeaseRegistry;
  readonly scheduler: Pick<CommandScheduler, "reserve" | "release">;
}

/** What waits for a lease to be closed, and is carried out then: a request for each holder, the last knock last. */
export class PlannedOpenings {
  readonly #parts: PlannedOpeningsParts;

  constructor(parts: PlannedOpeningsParts) {
    this.#parts = parts;
  }

  /** Reserves the place of a knock among those of its source, if it runs a command. */
  reserve({ access }: AccessRequest): SourcePlace | undefined {
    const isOrdered = access.method.kind === "command" && access.knock !== undefined;
    return isOrdered ? this.#parts.scheduler.reserve(access.source) : undefined;
  }

  /** Gives up the place of a request, unless that waits for a closing. */
  release({ access, place }: AccessRequest): void {
    if (place === undefined) return;
    const lease = this.#parts.registry.find(access);
    const isPlanned = lease !== undefined && reopenOf(lease).at(-1)?.place === place;
    if (!isPlanned) this.#parts.scheduler.release(place);
  }

  /**
   * Returns what is carried out when a lease is closed: what the other holders have asked for, or have of a
   * lease that a rerun closes, and this request, with its place among the knocks of its source.
   */
  add(lease: Lease, request: AccessRequest): readonly AccessRequest[] {
    const { clock, scheduler } = this.#parts;
    const place = request.place ?? this.reserve(request);
    const before = reopenOf(lease).at(-1)?.place;
    if (before !== undefined && before !== place) scheduler.release(before);
    const isRerun = lease.state.kind === "open";
    const planned = isRerun ? requestsOf(lease, clock.now()) : reopenOf(lease);
    const isOwn = ({ access }: AccessRequest) => holderOf(access) === holderOf(request.access);
    const length = Math.max(request.length, ...planned.filter(isOwn).map(({ length }) => length));
    return [...planned.filter((one) => !isOwn(one)), { ...request, length, place }];
  }

  /** Has what a holder asked for end at `due` at the latest; takes it out if that has passed. */
  curtail(id: number, holder: string, due: Monotonic): void {
    const { clock, registry, scheduler } = this.#parts;
    const lease = registry.get(id);
    const planned = lease === undefined ? [] : reopenOf(lease);
    const own = planned.find(({ access }) => holderOf(access) === holder);
    if (own === undefined) return;
    const left = due - clock.now();
    const others = planned.filter((one) => one !== own);
    if (left <= 0 && own.place !== undefined) scheduler.release(own.place);
    const shorter = { ...own, length: Math.min(own.length, left) };
    const requests = left > 0 ? planned.map((one) => (one === own ? shorter : one)) : others;
    registry.step({ op: "reopen", id, requests });
  }

  /** Drops all that waits for the closing of a lease. */
  cancel({ id }: Lease): void {
    const { registry, scheduler } = this.#parts;
    const lease = registry.get(id);
    const planned = lease === undefined ? [] : reopenOf(lease);
    for (const { place } of planned) if (place !== undefined) scheduler.release(place);
    if (planned.length > 0) registry.step({ op: "reopen", id, requests: [] });
  }
}

/** Returns requests that open a lease again, one for each of its holders, with the time they have left. */
export function requestsOf({ access, by, marks }: Lease, now: Monotonic): AccessRequest[] {
  const { who: _, origin: __, ...bare } = access;
  return holdersAt(by, now).map((holder) => {
    const length = (by.get(holder) ?? now) - now;
    const mark = marks.get(holder);
    const from = mark?.origin === undefined ? {} : { origin: mark.origin };
    return {
      access: { ...bare, ...whoMember(holder), ...from },
      ...{ length, again: "extend", ...(mark && { mark }) },
    };
  });
}

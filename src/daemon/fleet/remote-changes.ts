import type { Clock } from "../../base/clock.ts";
import { isAmongUsers } from "../../base/principals.ts";
import { later, longAgo } from "../../base/time.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { HolderChange, LivingHolder } from "../../fleet/knowledge.ts";
import type { FleetOpening } from "../../fleet/lease-history.ts";
import type { ClosingScope, HolderSubject } from "../../fleet/subject.ts";
import { isInScope, keyOfSubject } from "../../fleet/subject.ts";
import { whoMember } from "../../grant/holders.ts";
import type { AccessRequest, Lease } from "../../grant/lease.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import { isAllowed } from "../../match/door.ts";
import { requestAccess } from "../access-request.ts";
import type { ActiveUsers } from "../active-users.ts";
import type { BeginWork } from "./begin-work.ts";
import { leaseKeyOf } from "./holder-subject.ts";
import type { SharedDoor, SharedDoors } from "./shared-doors.ts";

/** From so many holders on, openings of other gateways are refused: those who knock here still get in. */
const mostRemote = 40_000;

/** Milliseconds by which an end must differ to be changed. */
const inexactness = 50;

/**
 * What became of an opening of another gateway.
 * - `applied`: it is open here, too
 * - `no-door`: there is no such door here that is shared
 * - `no-right`: the door does not admit the source, or the device may not open it
 * - `full`: too much is open
 */
type RemoteResult = "applied" | "no-door" | "no-right" | "full";
export type RemoteCounts = Readonly<Record<RemoteResult, number>>;

export interface RemoteChangesParts {
  readonly clock: Clock;
  readonly leaseManager: Pick<
    LeaseManager,
    "find" | "open" | "mark" | "leave" | "curtail" | "gone" | "holders"
  >;
  readonly fleet: Pick<Fleet, "now" | "living" | "endOf">;
  readonly begin: BeginWork;
  readonly doors: SharedDoors;
  readonly users: Pick<ActiveUsers, "find">;
  /** Told when the first of several openings has no room. */
  readonly onFull: () => void;
}

/** Has done here what other gateways have done. */
export class RemoteChanges {
  readonly #parts: RemoteChangesParts;
  readonly #counts = { applied: 0, "no-door": 0, "no-right": 0, full: 0 };
  /** When this gateway began: what was done before, one before it may have done. */
  readonly #begun: number;
  #isFull = false;
  /** What was closed here alone, by the keys of the holders: the stamps of those openings. */
  #closedHere: ReadonlyMap<string, number> = new Map();

  constructor(parts: RemoteChangesParts) {
    this.#parts = parts;
    this.#begun = parts.clock.now();
  }

  get counts(): RemoteCounts {
    return this.#counts;
  }

  /** Applies what a batch of news changed. Resolves when all that it closes is closed; undefined if that is nothing. */
  apply(changes: readonly HolderChange[]): Promise<unknown> | undefined {
    const closings = changes.flatMap((change) => this.#apply(change) ?? []);
    return closings.length === 0 ? undefined : Promise.all(closings);
  }

  /** Applies what had to be refused, as far as another configuration allows it now. */
  review(): void {
    for (const { holder, opening, origin } of this.#parts.fleet.living()) {
      const lease = this.#parts.leaseManager.find(leaseKeyOf(holder));
      const isClosedHere = this.#closedHere.get(keyOfSubject(holder)) === opening.stamp;
      if (isClosedHere || lease?.by.has(holder.who)) continue;
      const door = this.#parts.doors.find(holder);
      if (door?.isPlain === false) this.#open({ holder, opening, origin }, door);
    }
  }

  /** Records that open leases of the fleet were closed only here, until they are opened again. */
  closedHere(scope: ClosingScope): void {
    const living = [...this.#parts.fleet.living()].map(
      ({ holder, opening }) => [holder, keyOfSubject(holder), opening.stamp] as const,
    );
    const known = living.filter(
      ([holder, key, stamp]) => isInScope(scope, holder) || this.#closedHere.get(key) === stamp,
    );
    this.#closedHere = new Map(known.map(([, key, stamp]) => [key, stamp]));
  }

  #apply({ holder, before, after, origin }: HolderChange): Promise<void> | undefined {
    const lease = this.#parts.leaseManager.find(leaseKeyOf(holder));
    if (after === undefined) {
      // A knock came here before the closing was heard of.
      const isReopened = this.#parts.fleet.endOf(holder) !== undefined;
      const isKept = isReopened || this.#parts.doors.keeps(holder);
      return lease === undefined || isKept ? undefined : this.#close(lease, holder.who);
    }
    const door = this.#parts.doors.find(holder);
    if (door === undefined) this.#counts["no-door"]++;
    else if (!door.isPlain) this.#open({ holder, opening: after, origin }, door);
    else if (isAnew(before, after) && this.#isSinceBegin(after.stamp / 2)) {
      this.#open({ holder, opening: after, origin }, door);
    }
    return undefined;
  }

  /** Resolves when it is closed, or when the holder has left while others stay. */
  async #close(lease: Lease, who: string): Promise<void> {
    const { leaseManager } = this.#parts;
    await leaseManager.leave(lease, who);
    const left = leaseManager.find(lease.access);
    if (left?.id === lease.id && left.by.has(who)) await leaseManager.gone(lease);
  }

  #open({ holder, opening, origin }: LivingHolder, door: SharedDoor): void {
    const { leaseManager, begin, clock, fleet } = this.#parts;
    const now = clock.now();
    const left = opening.end - fleet.now();
    const request = left > 0 ? this.#request(holder, door, left) : undefined;
    if (request === undefined) return;
    const lease = leaseManager.find(request.access);
    if (lease === undefined && !this.#hasRoom()) return;
    this.#counts.applied++;
    const mark = { stamp: opening.stamp, origin };
    const due = later(now, request.length);
    const known = lease?.by.get(holder.who) ?? longAgo;
    if (known > now && Math.abs(due - known) < inexactness) {
      leaseManager.mark(request.access, holder.who, mark);
    } else if (lease !== undefined && due < known) {
      begin(leaseManager.curtail(lease, holder.who, due));
      leaseManager.mark(request.access, holder.who, mark);
    } else {
      const access = { ...request.access, origin };
      begin(leaseManager.open({ ...request, access, mark, again: "extend" }));
    }
  }

  /** Returns what is to be opened here, or undefined if this gateway refuses that. */
  #request(holder: HolderSubject, { live }: SharedDoor, left: number): AccessRequest | undefined {
    const { source, who } = holder;
    const isAdmitted = !live.isOver && isAllowed(live.config, source);
    const length = isAdmitted ? Math.min(left, this.#longest(live, who)) : 0;
    const request = requestAccess(live, source, undefined, whoMember(who).who);
    if (request === undefined || length <= 0) {
      this.#counts["no-right"]++;
      return undefined;
    }
    const { rest: _, ...wanted } = request;
    return { ...wanted, length };
  }

  /** Returns for how long a holder may stay by the files of this gateway: milliseconds; 0: not at all. */
  #longest({ config }: SharedDoor["live"], who: string): number {
    const isDevice = who.includes("/");
    if (!isDevice) return Number.POSITIVE_INFINITY;
    const device = this.#parts.users.find(who);
    if (device === undefined || device.disabled || !isAmongUsers(config.users, device)) return 0;
    const { expires } = device;
    if (expires === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, expires - this.#parts.clock.wall());
  }

  #hasRoom(): boolean {
    const hasRoom = this.#parts.leaseManager.holders < mostRemote;
    if (!hasRoom) this.#counts.full++;
    if (!hasRoom && !this.#isFull) this.#parts.onFull();
    this.#isFull = !hasRoom;
    return hasRoom;
  }

  #isSinceBegin(time: number): boolean {
    const { clock, fleet } = this.#parts;
    return fleet.now() - time <= clock.now() - this.#begun;
  }
}

/** After a jump of the store's clock, a change that is sent again has another stamp, and no later end. */
function isAnew(before: FleetOpening | undefined, after: FleetOpening): boolean {
  if (before === undefined) return true;
  return after.stamp !== before.stamp && after.end - before.end >= inexactness;
}

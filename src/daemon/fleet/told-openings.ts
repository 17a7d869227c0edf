import type { Clock } from "../../base/clock.ts";
import type { Monotonic } from "../../base/time.ts";
import { later, latest } from "../../base/time.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { StampedHolder } from "../../fleet/local-leases.ts";
import { isOpeningStamp } from "../../fleet/stamp.ts";
import type { HolderSubject } from "../../fleet/subject.ts";
import { keyOfSubject } from "../../fleet/subject.ts";
import type { Lease } from "../../grant/lease.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { LeaseWitness } from "../../grant/lease-witness.ts";
import type { LeaseKey } from "../../grant/ledger.ts";
import type { BeginWork } from "./begin-work.ts";
import { leaseKeyOf, subjectOf } from "./holder-subject.ts";
import type { SharedDoors } from "./shared-doors.ts";

/** Milliseconds for which others hear of a command that nothing undoes. */
const commandLife = 60_000;

/** Milliseconds by which a stay must be longer than the fleet knows to be told again. */
const inexactness = 50;

export interface ToldOpeningsParts {
  readonly clock: Clock;
  readonly fleet: Pick<Fleet, "opened" | "adopted" | "restored" | "endOf" | "now" | "state">;
  readonly leaseManager: Pick<LeaseManager, "mark" | "leases" | "get" | "leave">;
  readonly begin: BeginWork;
  readonly doors: SharedDoors;
}

/** Tells the fleet what is opened here, in a later turn of the event loop than that of the opening. */
export class ToldOpenings implements LeaseWitness {
  readonly #parts: ToldOpeningsParts;
  readonly #waiting = new Map<
    string,
    { readonly holder: HolderSubject; readonly due: Monotonic }
  >();

  constructor(parts: ToldOpeningsParts) {
    this.#parts = parts;
  }

  opened(key: LeaseKey, who: string, due: Monotonic): void {
    const holder = subjectOf(key, who);
    if (holder === undefined) return;
    if (this.#waiting.size === 0) setImmediate(() => this.flush());
    const name = keyOfSubject(holder);
    const before = this.#waiting.get(name)?.due ?? due;
    this.#waiting.set(name, { holder, due: latest(before, due) });
  }

  ran(key: LeaseKey, who: string): void {
    this.opened(key, who, later(this.#parts.clock.now(), commandLife));
  }

  /** Tells what waits. */
  flush(): void {
    const { clock, fleet, doors } = this.#parts;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { holder, due } of waiting) {
      const door = doors.find(holder);
      if (door === undefined) continue;
      const left = due - clock.now();
      const known = (fleet.endOf(holder) ?? 0) - fleet.now();
      // A command that nothing undoes runs elsewhere for each knock.
      const isKnown = !door.isPlain && left - known < inexactness;
      if (left <= 0 || isKnown) continue;
      const stamp = fleet.opened(holder, left);
      if (stamp !== undefined) this.mark([{ holder, stamp }]);
    }
  }

  /** Tells what an earlier daemon left, or what is open without a fleet. */
  tell(leases: readonly Lease[]): void {
    for (const { id } of leases) {
      const lease = this.#parts.leaseManager.get(id);
      if (lease === undefined) continue;
      for (const holder of this.#holdersOf(lease)) this.#tellHolder(lease, holder);
    }
  }

  /** Tells what the fleet does not know: a door may be shared only now. What the fleet has closed is closed here. */
  review(): void {
    const { fleet, leaseManager, begin, doors } = this.#parts;
    for (const { id } of leaseManager.leases) {
      const lease = leaseManager.get(id);
      if (lease === undefined) continue;
      for (const holder of this.#holdersOf(lease)) {
        // Nothing closes a plain one.
        if (fleet.endOf(holder) !== undefined || doors.find(holder)?.isPlain !== false) continue;
        this.#tellHolder(lease, holder);
        const isClosed = fleet.state.isJoined && fleet.endOf(holder) === undefined;
        if (isClosed) begin(leaseManager.leave(lease, holder.who));
      }
    }
  }

  /** Has the journal keep when holders came in. */
  mark(stamped: readonly StampedHolder[]): void {
    const { leaseManager } = this.#parts;
    for (const { holder, stamp } of stamped) {
      leaseManager.mark(leaseKeyOf(holder), holder.who, { stamp });
    }
  }

  /** Returns those for whom a door is open that is shared. */
  #holdersOf({ access, by, state }: Lease): HolderSubject[] {
    if (state.kind === "queued" || state.kind === "closing") return [];
    const now = this.#parts.clock.now();
    return [...by].flatMap(([who, due]) => {
      const holder = due > now ? subjectOf(access, who) : undefined;
      const isShared = holder !== undefined && this.#parts.doors.find(holder) !== undefined;
      return isShared ? [holder] : [];
    });
  }

  #tellHolder({ by, marks, since }: Lease, holder: HolderSubject): void {
    const { clock, fleet } = this.#parts;
    const now = clock.now();
    const left = (by.get(holder.who) ?? now) - now;
    const { stamp, origin } = marks.get(holder.who) ?? {};
    if (stamp === undefined || !isOpeningStamp(stamp)) {
      const told = fleet.adopted(holder, now - since, left);
      if (told !== undefined) this.mark([{ holder, stamp: told }]);
    } else fleet.restored({ holder, left, stamp, origin });
  }
}

import type { Clock } from "../../base/clock.ts";
import type { Monotonic } from "../../base/time.ts";
import { later, latest } from "../../base/time.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { StampedHolder } from "../../fleet/local-leases.ts";
import type { HolderSubject } from "../../fleet/subject.ts";
import { keyOfSubject } from "../../fleet/subject.ts";
import type { LeaseManager } from "../../grant/lease-manager.ts";
import type { LeaseWitness } from "../../grant/lease-witness.ts";
import type { LeaseKey } from "../../grant/ledger.ts";
import { leaseKeyOf, subjectOf } from "./holder-subject.ts";
import type { SharedDoors } from "./shared-doors.ts";

/** Milliseconds for which others hear of a command that nothing undoes. */
const commandLife = 60_000;

/** Milliseconds by which a stay must be longer than the fleet knows to be told again. */
const inexactness = 50;

export interface ToldOpeningsParts {
  readonly clock: Clock;
  readonly fleet: Pick<Fleet, "opened" | "endOf" | "now">;
  readonly leaseManager: Pick<LeaseManager, "mark">;
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

  /** Has the journal keep when holders came in. */
  mark(stamped: readonly StampedHolder[]): void {
    const { leaseManager } = this.#parts;
    for (const { holder, stamp } of stamped) {
      leaseManager.mark(leaseKeyOf(holder), holder.who, { stamp });
    }
  }
}

import type { BoardRow } from "./board.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { Outgoing } from "./outgoing.ts";
import { partsOf } from "./parts.ts";
import type { FleetSeal } from "./seal.ts";
import type { SingleUse } from "./single-use.ts";
import { formatUse, isSameUse, keyOfUse } from "./single-use.ts";
import type { FleetStamp, FleetTime } from "./stamp.ts";
import { movedTime, noStamp, openingStamp } from "./stamp.ts";

/** What this gateway used, and until when that has effect. */
interface ToldUse {
  readonly use: SingleUse;
  readonly field: string;
  /** Whether no other gateway may use it. */
  readonly isExclusive: boolean;
  readonly stamp: FleetStamp;
  readonly until: FleetTime;
}

export interface ToldUsesParts {
  readonly seal: FleetSeal;
  readonly fleetClock: FleetClock;
  readonly outgoing: Outgoing;
}

/** What this gateway used and has told of: it sees to it that the table has it. */
export class ToldUses {
  readonly #parts: ToldUsesParts;
  readonly #told = new Map<string, ToldUse>();

  constructor(parts: ToldUsesParts) {
    this.#parts = parts;
  }

  /** Tells of a use, which is good for `life` milliseconds. */
  tell(use: SingleUse, life: number, isExclusive: boolean): void {
    const { seal, fleetClock } = this.#parts;
    const now = fleetClock.now();
    const key = keyOfUse(use);
    const before = this.#told.get(key);
    this.#send({
      ...{ use, isExclusive, field: before?.field ?? seal.digest(key) },
      stamp: openingStamp(now, before?.stamp ?? noStamp),
      until: movedTime(now, Math.ceil(life)),
    });
  }

  /** Returns which of these uses of others were to be this gateway's alone; each once. */
  usedTwice(uses: readonly SingleUse[]): SingleUse[] {
    return uses.filter((use) => {
      const told = this.#told.get(keyOfUse(use));
      if (told === undefined || !told.isExclusive || !isSameUse(told.use, use)) return false;
      this.#told.set(keyOfUse(use), { ...told, isExclusive: false });
      return true;
    });
  }

  /** Moves all ends by so many milliseconds, and raises stamps. Tells all again. */
  move(milliseconds: number, stamps: number): void {
    for (const { stamp, until, ...told } of [...this.#told.values()]) {
      this.#send({
        ...told,
        stamp: (stamp + stamps) as FleetStamp,
        until: movedTime(until, milliseconds),
      });
    }
  }

  /** Tells what these rows, which are the whole table, do not have. */
  tellMissing(rows: readonly BoardRow[]): void {
    this.#tellMissing(rows, [...this.#told.values()]);
  }

  /** As `OwnRecords.check`. */
  async check(lookUp: (fields: readonly string[]) => Promise<readonly BoardRow[]>): Promise<void> {
    for (const part of partsOf([...this.#told.values()])) {
      this.#tellMissing(await lookUp(part.map(({ field }) => field)), part);
    }
  }

  /** Drops what has no more effect. */
  expire(): void {
    const now = this.#parts.fleetClock.now();
    for (const [key, { until }] of this.#told) if (until <= now) this.#told.delete(key);
  }

  #tellMissing(rows: readonly BoardRow[], told: readonly ToldUse[]): void {
    const stamps = new Map(rows.map(({ field, stamp }) => [field, stamp]));
    for (const one of told) {
      if ((stamps.get(one.field) ?? noStamp) < one.stamp) this.#send(one);
    }
  }

  #send(told: ToldUse): void {
    const { use, field, stamp, until } = told;
    const key = keyOfUse(use);
    this.#told.set(key, told);
    this.#parts.outgoing.add({
      ...{ key, field, stamp, until },
      format: ({ origin, date, left }) => formatUse({ use, until, origin, date, left }),
    });
  }
}

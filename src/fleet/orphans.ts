import type { BoardRow } from "./board.ts";
import type { FleetKnowledge } from "./knowledge.ts";
import { stampOf } from "./lease-history.ts";
import type { OwnRecords } from "./own-records.ts";
import { partsOf } from "./parts.ts";
import type { FleetSeal } from "./seal.ts";
import type { SharedLeases } from "./shared-leases.ts";
import { noStamp } from "./stamp.ts";
import type { FleetSubject } from "./subject.ts";
import { keyOfSubject } from "./subject.ts";

/**
 * What other gateways told, and the table has lost: those that told it may have started again, and know nothing of
 * it. If no other gateway sends it soon, this one does. Otherwise later gateways would open what was closed.
 */
export class Orphans {
  readonly #leases: SharedLeases;
  readonly #own: OwnRecords;
  readonly #seal: FleetSeal;
  #missing: readonly FleetSubject[] = [];

  constructor(leases: SharedLeases, own: OwnRecords, seal: FleetSeal) {
    this.#leases = leases;
    this.#own = own;
    this.#seal = seal;
  }

  /** Takes note of what is missing among these, which are all that the table has of other gateways. */
  note(records: readonly FleetKnowledge[]): void {
    const stamps = new Map(
      records.map(({ subject, history }) => [keyOfSubject(subject), stampOf(history)]),
    );
    this.#missing = [...this.#leases.values()]
      .filter(({ subject, history }) => {
        const key = keyOfSubject(subject);
        return !this.#own.has(key) && (stamps.get(key) ?? noStamp) < stampOf(history);
      })
      .map(({ subject }) => subject);
  }

  /** Tells what is still missing. `lookUp` as for `OwnRecords.check`. */
  async adopt(lookUp: (fields: readonly string[]) => Promise<readonly BoardRow[]>): Promise<void> {
    const missing = this.#missing;
    this.#missing = [];
    for (const part of partsOf(missing)) {
      const fields = part.map((subject) => this.#seal.digest(keyOfSubject(subject)));
      const stamps = new Map((await lookUp(fields)).map(({ field, stamp }) => [field, stamp]));
      for (const [i, subject] of part.entries()) {
        const known = this.#leases.get(subject);
        const stamp = stamps.get(fields[i] ?? "") ?? noStamp;
        if (known !== undefined && stamp < stampOf(known.history)) this.#own.tell(known);
      }
    }
  }
}

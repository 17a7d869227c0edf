import type { BoardRow } from "./board.ts";
import type { FleetKnowledge } from "./knowledge.ts";
import { isSameHistory, stampOf } from "./lease-history.ts";
import type { Outgoing } from "./outgoing.ts";
import { partsOf } from "./parts.ts";
import { formatRecord } from "./record.ts";
import type { FleetSeal } from "./seal.ts";
import type { SharedLeases } from "./shared-leases.ts";
import type { FleetStamp } from "./stamp.ts";
import { noStamp } from "./stamp.ts";
import type { HolderSubject } from "./subject.ts";
import { keyOfSubject } from "./subject.ts";

/** What was told of a subject, and its field. */
interface ToldRecord {
  readonly known: FleetKnowledge;
  readonly field: string;
}

/** What this gateway has told: it sees to it that the table has it, merged with what others tell of the same. */
export class OwnRecords {
  readonly #leases: SharedLeases;
  readonly #outgoing: Outgoing;
  readonly #seal: FleetSeal;
  /** What was told last, or waits to be. */
  readonly #told = new Map<string, ToldRecord>();

  constructor(leases: SharedLeases, outgoing: Outgoing, seal: FleetSeal) {
    this.#leases = leases;
    this.#outgoing = outgoing;
    this.#seal = seal;
  }

  /** Returns whether this gateway has told of the subject with this key. */
  has(key: string): boolean {
    return this.#told.has(key);
  }

  /** Returns the holders of which this gateway told. */
  holders(): HolderSubject[] {
    return [...this.#told.values()]
      .map(({ known }) => known.subject)
      .filter((subject) => subject.kind === "holder");
  }

  /** Returns the closings that wait to be told. */
  untoldClosings(): FleetKnowledge[] {
    return [...this.#told]
      .filter(
        ([key, { known }]) => known.subject.kind !== "holder" && this.#outgoing.hasWaiting(key),
      )
      .map(([, { known }]) => known);
  }

  /** Takes note of what an earlier start told: it is told again only where the table lacks it. */
  keep(known: FleetKnowledge): void {
    this.#note(keyOfSubject(known.subject), known);
  }

  /** Tells all again as it is known now. */
  tellAll(): void {
    for (const told of [...this.#told.values()]) {
      const known = this.#leases.get(told.known.subject);
      if (known !== undefined) this.tell(known);
    }
  }

  /** `asked`: called with the entry of the log that tells it; other gateways are asked to acknowledge it. */
  tell(known: FleetKnowledge, asked?: (id: string) => void): void {
    const key = keyOfSubject(known.subject);
    this.#outgoing.add({
      ...{ key, field: this.#note(key, known) },
      stamp: stampOf(known.history),
      until: known.until,
      format: (telling) => formatRecord({ ...known, ...telling }),
      onTold: asked,
    });
  }

  /** Tells the merge again where the table holds less after another gateway's record, which is merged already. */
  amend({ subject, history }: FleetKnowledge): void {
    const told = this.#told.get(keyOfSubject(subject))?.known;
    const known = this.#leases.get(subject);
    if (told === undefined || known === undefined) return;
    const isTaken = stampOf(history) >= stampOf(told.history);
    if (!isSameHistory(isTaken ? history : told.history, known.history)) this.tell(known);
  }

  /** Tells what of this gateway's these rows, which are the whole table, do not have. */
  tellMissing(rows: readonly BoardRow[]): void {
    this.#tellMissing(rows, [...this.#told.keys()]);
  }

  /**
   * Looks in parts whether the table still has what was told, and tells what it lost: it may have been emptied.
   * Returns whether it lost something. `lookUp` returns those rows of the table that it has.
   */
  async check(
    lookUp: (fields: readonly string[]) => Promise<readonly BoardRow[]>,
  ): Promise<boolean> {
    let isMissing = false;
    for (const part of partsOf([...this.#told])) {
      const rows = await lookUp(part.map(([, { field }]) => field));
      const keys = part.map(([key]) => key);
      isMissing = this.#tellMissing(rows, keys) || isMissing;
    }
    return isMissing;
  }

  /** Drops what is known no more. */
  expire(): void {
    for (const [key, { known }] of this.#told) {
      if (this.#leases.get(known.subject) === undefined) this.#told.delete(key);
    }
  }

  #tellMissing(rows: readonly BoardRow[], keys: readonly string[]): boolean {
    let isMissing = false;
    const stamps = new Map<string, FleetStamp>(rows.map(({ field, stamp }) => [field, stamp]));
    for (const key of keys) {
      const told = this.#told.get(key);
      const known = told === undefined ? undefined : this.#leases.get(told.known.subject);
      if (told === undefined || known === undefined) continue;
      if ((stamps.get(told.field) ?? noStamp) >= stampOf(known.history)) continue;
      isMissing = true;
      this.tell(known);
    }
    return isMissing;
  }

  /** Returns the field. */
  #note(key: string, known: FleetKnowledge): string {
    const field = this.#told.get(key)?.field ?? this.#seal.digest(key);
    this.#told.set(key, { known, field });
    return field;
  }
}

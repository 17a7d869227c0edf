import { ownerName } from "../../base/access-owner.ts";
import type { Clock } from "../../base/clock.ts";
import { systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Monotonic } from "../../base/time.ts";
import type { Disk } from "../../system/disk.ts";
import { systemDisk } from "../../system/disk.ts";
import { holderOf, whoMember } from "../holders.ts";
import type { Lease, LeaseEvent } from "../lease.ts";
import type { LeaseStore } from "../lease-store.ts";
import type { Ledger } from "../ledger.ts";
import { eventsOf } from "./history.ts";
import type { JournalContents } from "./journal.ts";
import type { JournalSnapshot } from "./journal-writer.ts";
import { JournalWriter } from "./journal-writer.ts";
import type { ClockReading } from "./record.ts";
import { parseRecord, recordToJson } from "./record.ts";
import { recover } from "./recovery.ts";

/**
 * How much the end of a lease must differ from what was written to be written again: milliseconds. After
 * a crash a lease that was extended often may end this much too early.
 */
const inexactness = 1000;

/** How many leases a line names that the next daemon may not know. */
const mostNames = 20;

export interface LeaseJournalParts {
  readonly ledger: Ledger;
  /** The moment of the start. */
  readonly here: ClockReading;
  readonly log: Log;
  readonly clock?: Clock;
  readonly disk?: Disk;
  /** Runs before the journal is read. If it rejects, the journal is never used. */
  readonly prepare?: () => Promise<void>;
}

/** A journal and what earlier daemons left. */
export interface OpenedLeaseJournal {
  readonly journal: LeaseJournal;
  readonly recovered: readonly Lease[];
  /** Where the disk hangs, resolves to what earlier daemons left when it answers. Never rejects. */
  readonly late: Promise<readonly Lease[]> | undefined;
}

/** The leases on the disk. It never throws: when writing fails it logs that once, and reports it in `trouble`. */
export class LeaseJournal implements LeaseStore {
  readonly path: string;
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #writer: JournalWriter;
  /** Leases that were extended: the ends of their holders as the file has them. */
  readonly #extended = new Map<number, ReadonlyMap<string, Monotonic>>();

  private constructor(path: string, parts: LeaseJournalParts) {
    const { ledger, log, here, clock = systemClock, disk = systemDisk } = parts;
    this.path = path;
    this.#ledger = ledger;
    this.#log = log;
    const start = recordToJson({ op: "start", ...here });
    this.#writer = new JournalWriter({
      ...{ path, clock, disk, start: () => start },
      snapshot: () => this.#takeSnapshot(),
      onTrouble: ({ message }) => this.#logFailure(`${message}: leases are in memory only`),
    });
  }

  /** Opens the journal at `path`. Rejects as `prepare` does, unless the disk hangs first. */
  static async open(path: string, parts: LeaseJournalParts): Promise<OpenedLeaseJournal> {
    const journal = new LeaseJournal(path, parts);
    let answer = (_: readonly Lease[]) => {};
    const late = new Promise<readonly Lease[]>((resolve) => {
      answer = resolve;
    });
    let recovered: readonly Lease[] = [];
    const onRead = (contents: JournalContents) => {
      recovered = journal.#recover(contents, parts.here);
      answer(recovered);
    };
    const isLoaded = await journal.#writer.load(parts.prepare ?? (async () => {}), onRead);
    return { journal, recovered, late: isLoaded ? undefined : late };
  }

  /** Why nothing can be written; undefined while writing works. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  /** Rewrites the file with what the ledger holds. Nothing is written before. */
  restart(): void {
    this.#writer.restart();
  }

  write(event: LeaseEvent): void {
    if (this.#isExactEnough(event)) return;
    if (event.op === "extend") this.#noteEnd(event.id, holderOf(event), event.due);
    else if (event.op === "leave") this.#noteEnd(event.id, event.who, undefined);
    else if (event.op === "open" || event.op === "closed") this.#extended.delete(event.id);
    this.#writer.append(recordToJson(event));
  }

  commit(): Promise<boolean> {
    return this.#writer.commit();
  }

  /** Tries once more now if there is trouble, unless the disk hangs. Resolves when that has ended. */
  retry(): Promise<void> {
    return this.#writer.retry();
  }

  /**
   * Closes the file. `here` is this moment: after a boot it shows the next daemon how long leases lasted.
   * If it cannot be written, the log names what the next daemon may not know.
   */
  async close(here?: ClockReading): Promise<void> {
    const isComplete = await this.#writer.close(() => [
      ...this.#inexactEnds(),
      ...(here === undefined ? [] : [{ op: "end", ...here }]),
    ]);
    const leases = this.#ledger.leases.map(({ access: { owner, source } }) => {
      return `"${ownerName(owner)}" for ${source}`;
    });
    if (isComplete || leases.length === 0) return;
    const more = leases.length > mostNames ? ` and ${leases.length - mostNames} more` : "";
    const names = leases.slice(0, mostNames).join(", ");
    this.#logFailure(
      `journal ${this.path} is not complete: the next daemon may not know ${names}${more}`,
    );
  }

  #inexactEnds(): LeaseEvent[] {
    return [...this.#extended].flatMap(([id, ends]) =>
      [...ends].flatMap(([holder, written]) => {
        const lease = this.#ledger.get(id);
        const due = lease?.by.get(holder);
        if (due === undefined || due === written) return [];
        const mark = lease?.marks.get(holder);
        return [{ op: "extend", id, due, ...whoMember(holder), ...mark } as const];
      }),
    );
  }

  /** Notes what the file has; `due`: undefined: the holder has left. */
  #noteEnd(id: number, holder: string, due: Monotonic | undefined): void {
    const ends = new Map(this.#extended.get(id));
    if (due === undefined) ends.delete(holder);
    else ends.set(holder, due);
    this.#extended.set(id, ends);
  }

  #isExactEnough(event: LeaseEvent): boolean {
    if (event.op !== "extend" || this.trouble !== undefined) return false;
    const written = this.#extended.get(event.id)?.get(holderOf(event));
    return written !== undefined && Math.abs(event.due - written) < inexactness;
  }

  #takeSnapshot(): JournalSnapshot {
    const { leases } = this.#ledger;
    const extended = new Map(this.#extended);
    const onWritten = () => {
      for (const { id, by } of leases) {
        for (const [holder, due] of by) {
          const before = extended.get(id)?.get(holder);
          // Otherwise a later line has another end.
          const isLast = before !== undefined && before === this.#extended.get(id)?.get(holder);
          if (isLast) this.#noteEnd(id, holder, due);
        }
      }
    };
    return { lines: leases.flatMap(eventsOf).map(recordToJson), onWritten };
  }

  #recover({ values, damage, lost }: JournalContents, here: ClockReading): readonly Lease[] {
    const records = values.map(parseRecord);
    const strange = records.filter((record) => record === undefined).length;
    const notes = strange > 0 ? [...damage, `${strange} lines are none of ours`] : damage;
    for (const note of notes) {
      const text = `warning: journal ${this.path}: ${note}, the rest is used`;
      this.#log.write({ level: "warning", event: "journal-damaged", text });
    }
    const sound = records.filter((record) => record !== undefined);
    return recover(sound, here, lost + strange);
  }

  #logFailure(text: string): void {
    this.#log.write({ level: "error", event: "journal-failed", text });
  }
}

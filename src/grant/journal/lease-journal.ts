import type { Clock } from "../../base/clock.ts";
import { systemClock } from "../../base/clock.ts";
import { isErrno, KnockError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Monotonic } from "../../base/time.ts";
import { later, longAgo } from "../../base/time.ts";
import type { Lease, LeaseEvent } from "../lease.ts";
import type { LeaseStore } from "../lease-store.ts";
import type { Ledger } from "../ledger.ts";
import { eventsOf } from "./history.ts";
import type { Sync } from "./journal.ts";
import { Journal } from "./journal.ts";
import type { ClockReading, LeaseRecord } from "./record.ts";
import { parseRecord, recordToJson } from "./record.ts";
import { recover } from "./recovery.ts";

/**
 * How much the end of a lease must differ from what was written to be written again: milliseconds. After
 * a crash a lease that was extended often may end this much too early.
 */
const inexactness = 1000;

/** Pause between two attempts to rewrite the journal, which takes long with many leases: milliseconds. */
const pauseInTrouble = 1000;

/** How long a disk may take to make lines durable: milliseconds. One that takes longer has failed. */
const patience = 2000;

/**
 * The leases on the disk. It never throws: when writing fails it logs that once, reports it in `trouble`,
 * and rewrites the journal as soon as it can, at an event or at the end. It does not open a journal again
 * that could not be opened: another daemon may have it by then.
 */
export class LeaseJournal implements LeaseStore {
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #start: LeaseRecord;
  readonly path: string;
  /** Leases that were extended since the last rewriting: their end as the file has it. */
  readonly #extended = new Map<number, Monotonic>();
  #journal: Journal<unknown> | undefined;
  #trouble: string | undefined;
  /** In trouble, when to try again. */
  #tryAt = longAgo;
  /** How many commits take too long. Until they end the disk must not be asked for anything that waits. */
  #overdue = 0;
  #shortening = false;
  /** Whether the file has the start of this daemon: its times mean nothing without. */
  #begun = false;

  private constructor(path: string, ledger: Ledger, here: ClockReading, log: Log, clock: Clock) {
    this.path = path;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#log = log;
    this.#start = { op: "start", ...here };
  }

  /** Opens the journal at `path` and returns the leases that earlier daemons left. */
  static open(
    path: string,
    ledger: Ledger,
    here: ClockReading,
    log: Log,
    clock: Clock = systemClock,
    sync?: Sync,
  ): { readonly journal: LeaseJournal; readonly recovered: readonly Lease[] } {
    const journal = new LeaseJournal(path, ledger, here, log, clock);
    return { journal, recovered: journal.#load(here, sync) };
  }

  /** Why nothing can be written; undefined while writing works. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Writes an event that the ledger has just applied. Returns false if that failed. */
  write(event: LeaseEvent): boolean {
    if (this.#trouble !== undefined && this.#clock.now() < this.#tryAt) return false;
    if (this.#isExactEnough(event)) return true;
    return this.#attempt((journal) => {
      // Events that could not be written are missing: the whole state replaces them.
      if (this.#trouble !== undefined || !this.#begun) this.#compact(journal);
      else this.#append(journal, event);
      if (journal.isLong) void this.#shorten(journal);
    });
  }

  #isExactEnough(event: LeaseEvent): boolean {
    if (event.op !== "extend" || this.#trouble !== undefined) return false;
    const written = this.#extended.get(event.id);
    return written !== undefined && Math.abs(event.due - written) < inexactness;
  }

  #append(journal: Journal<unknown>, event: LeaseEvent): void {
    journal.append(recordToJson(event));
    if (event.op === "extend") this.#extended.set(event.id, event.due);
    else if (event.op === "closed") this.#extended.delete(event.id);
  }

  /** Resolves when everything is durable; to false if that failed, or takes too long. */
  commit(): Promise<boolean> {
    if (this.#journal === undefined || this.#overdue > 0) return Promise.resolve(false);
    const committed = this.#commit(this.#journal);
    return new Promise((resolve) => {
      const cancel = this.#clock.wakeAt(later(this.#clock.now(), patience), () => {
        void this.#giveUp(committed);
        resolve(false);
      });
      void committed.then((durable) => {
        cancel();
        resolve(durable);
      });
    });
  }

  async #commit(journal: Journal<unknown>): Promise<boolean> {
    try {
      await journal.commit();
      return this.#trouble === undefined;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  /** Takes the disk for failed until `commit` ends. */
  async #giveUp(commit: Promise<unknown>): Promise<void> {
    this.#overdue++;
    const message = `cannot commit the journal ${this.path}: the disk has not answered for 2 s`;
    this.#complain(new KnockError("SYSTEM", message));
    await commit;
    this.#overdue--;
    this.retry();
  }

  /** Tries once more now if there is trouble, and the disk answers. */
  retry(): void {
    if (this.#trouble !== undefined) this.#attempt((journal) => this.#compact(journal));
  }

  /** Closes the file. `here` is this moment: after a boot it shows the next daemon how long leases lasted. */
  close(here?: ClockReading): void {
    this.#attempt((journal) => {
      if (this.#trouble !== undefined) this.#compact(journal);
      for (const [id, due] of this.#extended) {
        const lease = this.#ledger.get(id);
        if (lease !== undefined && lease.due !== due) {
          journal.append({ op: "extend", id, due: lease.due });
        }
      }
      if (here !== undefined) journal.append({ op: "end", ...here });
    });
    // A descriptor in use must not become that of another file.
    if (this.#overdue === 0) this.#journal?.close();
    this.#journal = undefined;
  }

  #load(here: ClockReading, sync: Sync | undefined): readonly Lease[] {
    let recovered: readonly Lease[] = [];
    try {
      recovered = this.#read(here);
      this.#journal = Journal.open<unknown>(this.path, sync).journal;
    } catch (error) {
      this.#complain(error);
    }
    return recovered;
  }

  /** Reads what earlier daemons left, also where nothing can be written. Throws SYSTEM. */
  #read(here: ClockReading): readonly Lease[] {
    const { values, damage, lost } = Journal.read(this.path);
    const records = values.map(parseRecord);
    const strange = records.filter((record) => record === undefined).length;
    const notes = strange > 0 ? [...damage, `${strange} lines are none of ours`] : damage;
    for (const note of notes) {
      const text = `warning: journal ${this.path}: ${note}, the rest is used`;
      this.#log.write({ level: "warning", event: "journal-damaged", text });
    }
    const sound = records.filter((record) => record !== undefined);
    return recover(sound, here, lost);
  }

  /** Rewrites the file with what the ledger holds now. On a full disk it continues the old one. */
  restart(): void {
    this.#attempt((journal) => {
      try {
        this.#compact(journal);
      } catch (error) {
        if (!isFull(error)) throw error;
        journal.append(this.#start);
      }
    });
  }

  #compact(journal: Journal<unknown>): void {
    const events = this.#ledger.leases.flatMap(eventsOf);
    journal.compact([this.#start, ...events].map(recordToJson));
    this.#extended.clear();
  }

  /** Rewrites a long journal, which waits for the disk, once that has answered. */
  async #shorten(journal: Journal<unknown>): Promise<void> {
    if (this.#shortening) return;
    this.#shortening = true;
    const answers = await this.commit();
    this.#shortening = false;
    if (!answers || this.#journal !== journal) return;
    try {
      this.#compact(journal);
    } catch {
      // There is room left until the next attempt. A full disk is trouble when that room is used up.
    }
  }

  #attempt(write: (journal: Journal<unknown>) => void): boolean {
    if (this.#journal === undefined || this.#overdue > 0) return false;
    try {
      write(this.#journal);
      this.#begun = true;
      this.#trouble = undefined;
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  #complain(error: unknown): void {
    if (!(error instanceof KnockError)) throw error;
    if (this.#trouble === undefined) {
      const text = `${error.message}: leases are in memory only`;
      this.#log.write({ level: "error", event: "journal-failed", text });
    }
    this.#trouble = error.message;
    this.#tryAt = later(this.#clock.now(), pauseInTrouble);
  }
}

/** Returns whether there is no room for another file: this one still has its reserve. */
function isFull(error: unknown): boolean {
  if (!(error instanceof KnockError)) return false;
  return isErrno(error.cause, "ENOSPC") || isErrno(error.cause, "EDQUOT");
}

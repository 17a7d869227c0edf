import { lossLife } from "../../auth/authenticator.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { JournalContents } from "../../grant/journal/journal.ts";
import { reserved } from "../../grant/journal/journal.ts";
import { JournalWriter } from "../../grant/journal/journal-writer.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { KnockTime } from "../../knock/packet.ts";
import { knockTime } from "../../knock/packet.ts";
import type { Disk } from "../../system/disk.ts";
import type {
  FwknopKeyWindow,
  KeyWindow,
  RecordedFwknop,
  StartLine,
} from "./knock-journal-lines.ts";
import {
  formatFwknopLine,
  readFwknopWindow,
  readStart,
  readWindow,
  takeSnapshot,
} from "./knock-journal-lines.ts";

export interface KnockJournalParts {
  readonly path: string;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** Returns the windows that are to be kept. */
  readonly windows: () => Iterable<KeyWindow>;
  readonly fwknopWindows: () => Iterable<FwknopKeyWindow>;
}

/** What earlier daemons accepted. */
export interface RecoveredKnocks {
  readonly windows: readonly KeyWindow[];
  readonly fwknopWindows: readonly FwknopKeyWindow[];
  /** `undefined` if all is known. */
  readonly lost: LostKnocks | undefined;
}

/** What was accepted before `start` may be unknown. */
export interface LostKnocks {
  readonly start: KnockTime;
  readonly why: string;
}

/** The times of accepted packets on the disk. It never throws: when writing fails it logs that once. */
export class KnockJournal {
  readonly path: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #writer: JournalWriter;
  /** What the file says for `lossLife`, over restarts. */
  #lost: KnockTime | undefined;

  constructor(parts: KnockJournalParts) {
    const { path, clock, disk, log, windows, fwknopWindows } = parts;
    this.path = path;
    this.#log = log;
    this.#clock = clock;
    this.#writer = new JournalWriter({
      ...{ path, clock, disk, start: () => this.#startLine },
      snapshot: () => takeSnapshot(windows(), fwknopWindows()),
      onTrouble: ({ message }) => {
        const text = `${message}: a knock of this time may open a door again after a restart`;
        log.write({ level: "error", event: "knock-journal-failed", text });
      },
    });
  }

  /**
   * Reads what earlier daemons accepted, and hands it over before it writes anything: again when a disk that
   * hangs has answered.
   */
  async open(onRead: (recovered: RecoveredKnocks) => void): Promise<void> {
    let hasAnswered = false;
    const isLoaded = await this.#writer.load(
      async () => {},
      (contents) => {
        hasAnswered = true;
        onRead(this.#recover(contents));
        this.#writer.restart();
      },
    );
    if (hasAnswered) return;
    const why = isLoaded ? "cannot be read" : "is on a disk that does not answer";
    onRead({ windows: [], fwknopWindows: [], lost: this.#lostNow(why) });
  }

  /** Why nothing can be written; `undefined` while writing works. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  /** Notes an accepted time. */
  record(key: KeyId, time: KnockTime): void {
    this.#writer.append({ key, time });
  }

  /** Notes an accepted packet of fwknop. */
  recordFwknop(key: KeyId, packet: RecordedFwknop): void {
    this.#writer.append(formatFwknopLine(key, packet));
  }

  /** Resolves when all times so far are durable; to false if that failed. Concurrent calls share one sync. */
  commit(): Promise<boolean> {
    return this.#writer.commit();
  }

  async close(): Promise<void> {
    const isComplete = await this.#writer.close(() => []);
    if (isComplete) return;
    const text = `knock journal ${this.path} is not complete: fresh knocks may open a door again`;
    this.#log.write({ level: "error", event: "knock-journal-failed", text });
  }

  #recover({ values, damage, lost, bytes }: JournalContents): RecoveredKnocks {
    const starts = values.map(readStart);
    // Where a full disk has no room for another file, a daemon continues the old one.
    const lines = values.filter((_, i) => starts[i] === undefined);
    const fwknop = lines.map(readFwknopWindow);
    const windows = lines.map((line, i) =>
      fwknop[i] === undefined ? readWindow(line) : undefined,
    );
    const strange = lines.filter((_, i) => (windows[i] ?? fwknop[i]) === undefined).length;
    const notes = strange > 0 ? [...damage, `${strange} lines are not recognized`] : damage;
    for (const note of notes) {
      const text = `warning: knock journal ${this.path}: ${note}, the rest is used`;
      this.#log.write({ level: "warning", event: "journal-damaged", text });
    }
    const isCut = bytes.length < reserved;
    const isSound = starts[0] !== undefined && lost + strange === 0 && !isCut;
    const before = starts.findLast((start) => start !== undefined)?.lost;
    const found = isSound ? this.#lostBefore(before) : this.#lostNow(whyLost(bytes, isCut), before);
    this.#lost = found?.start;
    return {
      windows: windows.filter((window) => window !== undefined),
      fwknopWindows: fwknop.filter((window) => window !== undefined),
      lost: found,
    };
  }

  get #startLine(): StartLine {
    return { knocks: 1, ...(this.#lost !== undefined && { lost: this.#lost }) };
  }

  /** `before`: what an earlier loss says. */
  #lostNow(why: string, before = knockTime(0)): LostKnocks {
    const start = Math.max(Math.round(this.#clock.wall() * 1000), before);
    return { start: knockTime(start), why: `${why}: knocks from before this start` };
  }

  /** Returns a loss that an earlier daemon found, if it did, unless no packet from before it can be fresh. */
  #lostBefore(start: KnockTime | undefined): LostKnocks | undefined {
    if (start === undefined) return undefined;
    if (this.#clock.wall() * 1000 >= start + lossLife * 1000) return undefined;
    return { start, why: "was lost before an earlier start: knocks from before that start" };
  }
}

function whyLost({ length }: Uint8Array, isCut: boolean): string {
  if (length === 0) return "is missing";
  return isCut ? "is cut off" : "is damaged";
}

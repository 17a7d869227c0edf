import type { WindowState } from "../../auth/window.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { JournalContents } from "../../grant/journal/journal.ts";
import type { JournalSnapshot } from "../../grant/journal/journal-writer.ts";
import { JournalWriter } from "../../grant/journal/journal-writer.ts";
import type { KeyId } from "../../knock/keys.ts";
import type { KnockTime } from "../../knock/packet.ts";
import { knockTime } from "../../knock/packet.ts";
import type { Disk } from "../../system/disk.ts";

/** The first line of each file. */
const start = { knocks: 1 };

/** What was accepted from one key. */
export type KeyWindow = readonly [KeyId, WindowState];

export interface KnockJournalParts {
  readonly path: string;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** Returns the windows that are to be kept. */
  readonly windows: () => Iterable<KeyWindow>;
}

/** What earlier daemons accepted. */
export interface RecoveredKnocks {
  readonly windows: readonly KeyWindow[];
  /** Why some of it may be unknown; `undefined` if all is known. */
  readonly lost: string | undefined;
}

/** The times of accepted packets on the disk. It never throws: when writing fails it logs that once. */
export class KnockJournal {
  readonly path: string;
  readonly #log: Log;
  readonly #writer: JournalWriter;

  constructor({ path, clock, disk, log, windows }: KnockJournalParts) {
    this.path = path;
    this.#log = log;
    this.#writer = new JournalWriter({
      ...{ path, clock, disk, start },
      snapshot: () => takeSnapshot(windows()),
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
    const lost = isLoaded ? "cannot be read" : "is on a disk that does not answer";
    onRead({ windows: [], lost });
  }

  /** Why nothing can be written; `undefined` while writing works. */
  get trouble(): string | undefined {
    return this.#writer.trouble;
  }

  /** Notes an accepted time. */
  record(key: KeyId, time: KnockTime): void {
    this.#writer.append({ key, time });
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
    const [first, ...lines] = values;
    const windows = lines.map(readWindow);
    const strange = windows.filter((window) => window === undefined).length;
    const notes = strange > 0 ? [...damage, `${strange} lines are not recognized`] : damage;
    for (const note of notes) {
      const text = `warning: knock journal ${this.path}: ${note}, the rest is used`;
      this.#log.write({ level: "warning", event: "journal-damaged", text });
    }
    const isBegun = JSON.stringify(first) === JSON.stringify(start);
    return {
      windows: [...windows, isBegun ? undefined : readWindow(first)].filter(
        (window) => window !== undefined,
      ),
      lost: whyLost(bytes.length === 0, isBegun && lost + strange === 0),
    };
  }
}

function whyLost(isMissing: boolean, isSound: boolean): string | undefined {
  if (isMissing) return "is missing";
  return isSound ? undefined : "is damaged";
}

function takeSnapshot(windows: Iterable<KeyWindow>): JournalSnapshot {
  const lines = Array.from(windows, ([key, { floor, times }]) => ({ key, floor, times }));
  return { lines, onWritten: () => {} };
}

/** Reads a line: an accepted time, or the whole window of a key. */
function readWindow(line: unknown): KeyWindow | undefined {
  if (typeof line !== "object" || line === null || !("key" in line)) return undefined;
  const { key } = line;
  if (typeof key !== "string" || !/^[\da-f]{16}$/.test(key)) return undefined;
  const { floor, times } = "time" in line ? { floor: 0, times: [line.time] } : membersOf(line);
  if (!isTime(floor) || !Array.isArray(times) || !times.every(isTime)) return undefined;
  return [key as KeyId, { floor: knockTime(floor), times: times.map(knockTime) }];
}

function membersOf(line: object): { readonly floor: unknown; readonly times: unknown } {
  return { floor: undefined, times: undefined, ...line };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

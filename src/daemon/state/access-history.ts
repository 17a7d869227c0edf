import { constants } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ownerName } from "../../base/access-owner.ts";
import type { Address } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import { reason } from "../../base/errors.ts";
import type { StatusProblem } from "../../base/status-problem.ts";
import { later } from "../../base/time.ts";
import { encode } from "../../control/protocol.ts";
import type { HistoryReport } from "../../control/reports.ts";
import { readHistoryEntry } from "../../control/reports.ts";
import type { FirewallResult } from "../../firewall/firewall.ts";
import type { AccessEvent } from "../../grant/access-event.ts";
import { whoMember } from "../../grant/holders.ts";
import type { Disk } from "../../system/disk.ts";
import { ifThere, inTime } from "../../system/disk.ts";
import { describeWithOutput } from "../door-activity.ts";

/** How long entries wait to be written together: milliseconds. */
const delay = 200;

/** How long the file grows before it takes the place of the one before: bytes. */
const longestFile = 1 << 20;

/** How many entries wait for a disk that does not answer. */
const mostWaiting = 5000;

/** How many lines are read before other work gets its turn. */
const slice = 500;

/** What is asked for: all that is absent counts as any. */
export interface HistoryQuery {
  readonly door?: string;
  readonly address?: Address;
  /** Milliseconds of 1970. */
  readonly since: number;
  /** The newest of so many. */
  readonly most: number;
}

/** Who opened what: a line of JSON each, in a file and the one before it. The disk delays nothing. */
export class AccessHistory {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #disk: Disk;
  #waiting: string[] = [];
  #cancelWake: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #problem: string | undefined;
  /** A line of an earlier daemon may have no end. */
  #isFirst = true;

  constructor(path: string, clock: Clock, disk: Disk) {
    this.#path = path;
    this.#disk = disk;
    this.#clock = clock;
  }

  /** Why entries cannot be written. */
  get problems(): readonly StatusProblem[] {
    if (this.#problem === undefined) return [];
    return [{ code: "history", message: `cannot write ${this.#path}: ${this.#problem}` }];
  }

  record(event: AccessEvent): void {
    const entry = entryOf(event, new Date(this.#clock.wall()));
    if (entry === undefined) return;
    this.#waiting.push(encode(entry));
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
    this.#schedule();
  }

  /** Returns the entries that fit, the oldest first. */
  async read({ door, address, since, most }: HistoryQuery): Promise<HistoryReport[]> {
    await inTime(this.#flush()).catch(() => {});
    const found: HistoryReport[] = [];
    for (const path of [`${this.#path}.1`, this.#path]) {
      const lines = (await this.#readIfThere(path)).split("\n");
      for (const [i, line] of lines.entries()) {
        if (i % slice === slice - 1) await setImmediate();
        const entry = parseEntry(line);
        if (entry === undefined || entry.time.getTime() < since) continue;
        if (door !== undefined && entry.door !== door) continue;
        if (address === undefined || entry.source.equals(address)) found.push(entry);
      }
    }
    return found.slice(-most);
  }

  /** Writes what waits. Resolves also if the disk does not. */
  async close(): Promise<void> {
    this.#cancelWake?.();
    await inTime(this.#flush()).catch(() => {});
  }

  #schedule(): void {
    if (this.#writing !== undefined) return;
    this.#cancelWake ??= this.#clock.wakeAt(later(this.#clock.now(), delay), () => {
      this.#cancelWake = undefined;
      void this.#flush();
    });
  }

  /** One writing at a time: a disk that hangs has no more than that of this process. */
  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length === 0) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      // What came meanwhile. After a failure the next entry tries again.
      if (this.#waiting.length > 0 && this.#problem === undefined) this.#schedule();
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    try {
      await this.#append(`${this.#isFirst ? "\n" : ""}${lines.join("\n")}\n`);
      this.#isFirst = false;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = reason(error);
      this.#waiting = [...lines, ...this.#waiting].slice(-mostWaiting);
    }
  }

  async #append(text: string): Promise<void> {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
    const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY;
    const file = await this.#disk.open(this.#path, flags, 0o600);
    try {
      await this.#disk.write(file, Buffer.from(text), null);
    } finally {
      await this.#disk.close(file);
    }
    const { size } = await this.#disk.stat(this.#path);
    if (size > longestFile) await this.#disk.rename(this.#path, `${this.#path}.1`);
  }

  async #readIfThere(path: string): Promise<string> {
    const bytes = await inTime(ifThere(this.#disk.readFile(path)));
    return bytes?.toString() ?? "";
  }
}

function entryOf(event: AccessEvent, time: Date): HistoryReport | undefined {
  const { owner, source } = event;
  const subject = { time, door: ownerName(owner), source };
  switch (event.kind) {
    case "opened":
    case "extended":
      return {
        ...{ ...subject, event: event.kind, by: event.by, ...whoMember(event.who ?? "") },
        ...(event.origin !== undefined && { from: event.origin }),
      };
    case "closed":
      return { ...subject, event: "closed", because: event.because };
    case "ended":
      if (event.result.kind === "done") return undefined;
      return { ...subject, event: "failed", what: "open", ...reasonOf(event.result) };
    case "close-failed":
      return { ...subject, event: "failed", what: "close", ...reasonOf(event.result) };
    case "forgotten":
      return { ...subject, event: "forgotten", because: event.because };
  }
}

function reasonOf(result: FirewallResult): { readonly reason: string } {
  return { reason: describeWithOutput(result) };
}

/** Returns undefined for a line that is torn or damaged. */
function parseEntry(line: string): HistoryReport | undefined {
  try {
    return readHistoryEntry(JSON.parse(line));
  } catch {
    return undefined;
  }
}

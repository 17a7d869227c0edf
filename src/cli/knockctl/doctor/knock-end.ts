// What knockd makes of a complete knock.
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../../base/address.ts";
import { systemClock } from "../../../base/clock.ts";
import { KnockError } from "../../../base/errors.ts";
import type { Monotonic } from "../../../base/time.ts";
import { later } from "../../../base/time.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { LoggedEntry } from "../../../control/protocol.ts";
import type { LeaseReport } from "../../../control/reports.ts";

/**
 * - `matched`: it would open the door, if knockd ran, or without --dry-run
 * - `ignored`: knockd ignores its source, for touching decoys
 * - `unheard`: knockd says nothing of it
 * - `running`: the command of the door still runs
 */
export type KnockEnd =
  | { readonly kind: "matched" | "ignored" | "unheard" | "running" | "not-in-kernel" }
  | { readonly kind: "opened"; readonly lease: LeaseReport | undefined }
  | { readonly kind: "failed"; readonly reason: string };

/** A complete knock. */
export interface HeardKnock {
  readonly door: string;
  readonly source: Address;
  /** knockd has accepted it already. */
  readonly isByKey: boolean;
}

/** How long knockd may take to say something of a knock, and its command to end: milliseconds. */
const wordTime = 3_000;
const commandTime = 5_000;

export interface KnockJudgeParts {
  readonly daemon: ControlClient;
  /** Nothing is to be opened. */
  readonly isDry: boolean;
  /** What the daemon has logged of knocks that are complete. */
  readonly entries: readonly LoggedEntry[];
  /** In milliseconds since 1970. */
  readonly began: number;
  readonly isLost: () => boolean;
  readonly onLost: () => void;
}

/** Asks the daemon what has come of a knock. */
export class KnockJudge {
  readonly #parts: KnockJudgeParts;
  #settlesAt: Monotonic | undefined;

  constructor(parts: KnockJudgeParts) {
    this.#parts = parts;
  }

  /** Waits for what knockd makes of a complete knock. */
  async judge(knock: HeardKnock): Promise<KnockEnd> {
    const { daemon, isDry, onLost } = this.#parts;
    if (knock.isByKey && isDry) return { kind: "matched" };
    const isHeard =
      knock.isByKey ||
      (await this.#waitFor(wordTime, async () =>
        this.#find(knock, isDry ? "rehearsed" : "open"),
      )) !== undefined;
    if (isHeard && isDry) return { kind: "matched" };
    try {
      if (!isHeard) {
        const { ignored } = await daemon.ask("status", {});
        const isIgnored = ignored.some(({ source }) => source.equals(knock.source));
        return { kind: isIgnored ? "ignored" : "unheard" };
      }
      const end = await this.#waitFor(commandTime, () => this.#ask(daemon, knock));
      return end ?? { kind: "running" };
    } catch (error) {
      if (!(error instanceof KnockError)) throw error;
      onLost();
      return { kind: "unheard" };
    }
  }

  #find({ door, source }: HeardKnock, event: string): LoggedEntry | undefined {
    return this.#parts.entries.find(
      (entry) => entry.event === event && entry["door"] === door && entry["source"] === `${source}`,
    );
  }

  /** Returns what has come of it, or `undefined` if that is not certain yet. */
  async #ask(daemon: ControlClient, knock: HeardKnock): Promise<KnockEnd | undefined> {
    const { door: name, source } = knock;
    const doors = (await daemon.ask("doors", {})).filter((one) => one.name === name);
    const failure = doors.flatMap(({ commandFailures }) => commandFailures?.last ?? []);
    const failed = failure.find(
      (last) => last.source.equals(source) && last.time.getTime() >= this.#parts.began,
    );
    if (failed !== undefined) {
      const { reason, stderr } = failed;
      return { kind: "failed", reason: stderr === undefined ? reason : `${reason}: ${stderr}` };
    }
    const refused = this.#find(knock, "open-failed");
    if (refused !== undefined) return { kind: "failed", reason: refused.message };
    const leases = await daemon.ask("leases", {});
    const lease = leases.find((one) => one.door === name && one.source.equals(source));
    if (lease?.inKernel === false) return { kind: "not-in-kernel" };
    if (lease?.state === "open") return { kind: "opened", lease };
    // A command that nothing undoes has no lease: what fails takes a moment.
    const isUntracked = doors.some(({ lastsMs }) => lastsMs === undefined);
    return lease === undefined && isUntracked && this.#hasSettled
      ? { kind: "opened", lease: undefined }
      : undefined;
  }

  /** Whether a second has passed since this was asked first. */
  get #hasSettled(): boolean {
    this.#settlesAt ??= later(systemClock.now(), 1_000);
    return systemClock.now() >= this.#settlesAt;
  }

  async #waitFor<T>(time: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const end = later(systemClock.now(), time);
    for (;;) {
      const found = await look();
      if (found !== undefined || systemClock.now() >= end || this.#parts.isLost()) return found;
      await sleep(50);
    }
  }
}

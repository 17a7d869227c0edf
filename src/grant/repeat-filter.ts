import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type { AccessRequest } from "./lease.ts";
import { keyOf } from "./ledger.ts";

/** Beyond it the oldest sources are evicted. Their repeated knocks run their commands again. */
const mostSources = 10_000;

interface LastRun {
  /** The owner and the source. */
  readonly key: string;
  readonly restsUntil: Monotonic;
}

/** Recognizes knocks that ask for what has just run for the same source. */
export class RepeatFilter {
  readonly #clock: Clock;
  /** The last run of each source whose door has a `rest`, the oldest first. */
  readonly #lastRuns = new Map<string, LastRun>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns whether the door of a knock rests for its source: it ran less than its `rest` ago, and no
   * other door since. Otherwise the knock counts as a run. An administrator's request always does.
   */
  isRepeat({ access, rest = 0 }: AccessRequest): boolean {
    const now = this.#clock.now();
    const source = access.source.toString();
    const key = keyOf(access);
    const last = this.#lastRuns.get(source);
    const isKnock = access.knock !== undefined;
    if (isKnock && rest > 0 && last?.key === key && now < last.restsUntil) return true;
    this.#lastRuns.delete(source);
    if (rest > 0) this.#lastRuns.set(source, { key, restsUntil: later(now, rest) });
    this.#evict(now);
    return false;
  }

  /** Forgets the last run of a source. */
  forget({ source }: Pick<Access, "source">): void {
    this.#lastRuns.delete(source.toString());
  }

  /** Removes what has expired, or is too many, from the front: the rests of doors differ. */
  #evict(now: Monotonic): void {
    for (const [source, { restsUntil }] of this.#lastRuns) {
      if (restsUntil > now && this.#lastRuns.size <= mostSources) return;
      this.#lastRuns.delete(source);
    }
  }
}

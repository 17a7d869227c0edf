import { setTimeout as sleep } from "node:timers/promises";
import { KnockError, reason } from "../../base/errors.ts";
import type { Backoff } from "../../base/retry-timer.ts";
import { pauseAfter } from "../../base/retry-timer.ts";
import type { Removal } from "../../ffi/nft-news.ts";
import { NftNews } from "../../ffi/nft-news.ts";
import type { Loss } from "../backend.ts";
import { loadRuleset } from "./nft-command.ts";
import type { Ruleset } from "./nft-ruleset.ts";

/**
 * Between two repairs while another program insists. What is removed is back within a second: the rest of
 * that is for nft.
 */
const repairBackoff: Backoff = { first: 200, factor: 2, longest: 800 };

/** Milliseconds after a repair that failed. */
const pauseAfterFailure = 1_000;

/** Milliseconds without a removal after which the other program has given up. */
const quietTime = 10_000;

/** Repairs without a rest that are worth a problem in the status. */
const manyRepairs = 3;

export interface NftTableOptions {
  readonly name: string;
  /** The rules that make the table what it should be, whatever is there, the best first. Asked for before each loading. */
  readonly rulesets: () => readonly Ruleset[];
  /** These rules are in the kernel; `refusal`: why better ones are not. */
  readonly onLoad: (loaded: Ruleset, refusal: KnockError | undefined) => void;
  /** The table is whole again after this loss, for so many times without a rest. */
  readonly onRepair: (loss: Loss, times: number) => void;
  /** The table could not be made whole for another reason than before; it is tried again every second. */
  readonly onProblem: (problem: KnockError) => void;
}

/** Keeps a table of the family inet as it should be: what others remove from it is put back at once. */
export class NftTable {
  readonly #options: NftTableOptions;
  readonly #news: NftNews;
  readonly #closing = new AbortController();
  /** The ports whose changes are ours: sockets of this program, and the nft that works for us just now. */
  readonly #ours = new Set<number>();
  /** Removals since an nft was asked for whose number is not known yet. */
  #unattributed: Removal[] | undefined;
  #loaded: Promise<void> = Promise.resolve();
  #loss: Loss | undefined;
  #repairing = false;
  #quietSince = Number.NEGATIVE_INFINITY;
  /** Since the last rest. */
  #repairs = 0;
  /** Why the table is not whole. */
  #failure: string | undefined;

  /** Begins to listen, and changes nothing. Throws FIREWALL. */
  constructor(options: NftTableOptions) {
    this.#options = options;
    this.#news = new NftNews((news) => this.#heard(news));
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** What is wrong with the table: a sentence each. */
  get problems(): readonly string[] {
    const { name } = this.#options;
    const isInsisting = this.#repairs >= manyRepairs && (this.#repairing || !this.#isQuiet);
    return [
      ...(this.#failure === undefined
        ? []
        : [`table inet ${name} is incomplete: ${this.#failure}`]),
      ...(isInsisting
        ? [`another program keeps modifying table inet ${name}: restored ${this.#repairs} times`]
        : []),
    ];
  }

  get #isQuiet(): boolean {
    return performance.now() - this.#quietSince > quietTime;
  }

  /** Changes through the socket with this port are the daemon's own. */
  trust(port: number): void {
    this.#ours.add(port);
  }

  /** Takes news as it comes: thousands of changes of our own would leave no room for that of others. */
  drain(): void {
    this.#news.drain();
  }

  /** Loads the rules, once those that are being loaded are. Throws FIREWALL. */
  load(): Promise<void> {
    const load = this.#loaded.then(async () => {
      if (this.closed) return;
      await this.#loadBest(this.#options.rulesets());
      this.#failure = undefined;
    });
    this.#loaded = load.catch(() => {});
    return load;
  }

  /** Restores the table soon: another program removed a part of it. */
  lost(loss: Loss): void {
    if (this.#loss !== "removed") this.#loss = loss;
    if (this.#repairing) return;
    this.#repairing = true;
    void this.#repair();
  }

  /** Stops listening, and leaves the table as it is. May be called again. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#news.close();
    await this.#loaded;
  }

  /** Loads the first of these that the kernel takes. Throws FIREWALL. */
  async #loadBest([best, ...others]: readonly Ruleset[], refusal?: KnockError): Promise<void> {
    if (best === undefined) return;
    try {
      await this.#run(best);
    } catch (error) {
      if (others.length === 0 || !(error instanceof KnockError)) throw error;
      return await this.#loadBest(others, refusal ?? error);
    }
    this.#options.onLoad(best, refusal);
  }

  async #run({ text, doors }: Ruleset): Promise<void> {
    let loader: number | undefined;
    this.#unattributed = [];
    try {
      const started = (pid: number) => {
        // The kernel names a socket after its process, if that has no other one (netlink_autobind).
        loader = pid;
        this.#ours.add(pid);
        this.#attribute();
      };
      await loadRuleset(text, started, { hasSequences: doors.length > 0 });
    } finally {
      this.#attribute();
      // The kernel reported all that nft did before it ended. Its number may be reused now.
      this.#news.drain();
      if (loader !== undefined) this.#ours.delete(loader);
    }
  }

  #heard(news: Removal | "lost"): void {
    if (news === "lost") this.lost("unknown");
    else if (news.table !== this.#options.name || this.#ours.has(news.port)) return;
    else if (this.#unattributed !== undefined) this.#unattributed.push(news);
    else this.lost("removed");
  }

  /** Judges what was removed before the number of the nft that works for us was known. */
  #attribute(): void {
    const removals = this.#unattributed ?? [];
    this.#unattributed = undefined;
    for (const removal of removals) this.#heard(removal);
  }

  async #repair(): Promise<void> {
    const { signal } = this.#closing;
    if (this.#isQuiet) this.#repairs = 0;
    for (let loss = this.#loss; loss !== undefined && !signal.aborted; loss = this.#loss) {
      this.#loss = undefined;
      let rest = pauseAfterFailure;
      try {
        await this.load();
        this.#repairs++;
        if (!signal.aborted) this.#options.onRepair(loss, this.#repairs);
        rest = pauseAfter(this.#repairs, repairBackoff);
      } catch (error) {
        this.#loss = loss;
        this.#fail(asProblem(error));
      }
      // Fulfilled, or interrupted by closing: the loop looks which.
      await sleep(rest, undefined, { signal }).catch(() => {});
    }
    this.#quietSince = performance.now();
    this.#repairing = false;
  }

  #fail(problem: KnockError): void {
    if (problem.message !== this.#failure) this.#options.onProblem(problem);
    this.#failure = problem.message;
  }
}

function asProblem(error: unknown): KnockError {
  if (error instanceof KnockError) return error;
  const message = `cannot put back what was open: ${reason(error)}`;
  return new KnockError("FIREWALL", message, { cause: error });
}

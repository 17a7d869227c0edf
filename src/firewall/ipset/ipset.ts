// For people who keep their own iptables rules: sets for one rule of theirs to match.
import { backends } from "../../base/backends.ts";
import type { Clock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import type { Service } from "../../base/service.ts";
import type { Monotonic } from "../../base/time.ts";
import { later } from "../../base/time.ts";
import { runBeside } from "../../system/run-beside.ts";
import { complaint } from "../../system/run-program.ts";
import type { BackendParts, NativeBackend, OpenElement } from "../backend.ts";
import { ExpiryCache } from "../expiry-cache.ts";
import type { FirewallResult, NativeAccess } from "../firewall.ts";
import { anySets, formatElements, parseElements, sets } from "./ipset-element.ts";

/** Milliseconds that ipset may take. */
const timeout = 5000;

/** Seconds. */
const longestTimeout = backends.ipset.longestTimeout / 1000;

/** ipset's lines that make the sets, if another program has destroyed them. */
const createSets = [
  `create ${sets[4]} hash:ip,port family inet timeout 0 maxelem 1000000`,
  `create ${sets[6]} hash:ip,port family inet6 timeout 0 maxelem 1000000`,
  `create ${anySets[4]} hash:ip family inet timeout 0 maxelem 1000000`,
  `create ${anySets[6]} hash:ip family inet6 timeout 0 maxelem 1000000`,
];

const done: FirewallResult = { kind: "done" };

/** Carries out the lines of an `ipset restore`, up to the first that fails. */
type Restore = (lines: readonly string[]) => Promise<FirewallResult>;

/** What is to become of some elements, and who wants to know whether it did. */
interface PendingChange {
  readonly keys: readonly string[];
  /** Until when they are open; `undefined` if they are closed. */
  readonly end: Monotonic | undefined;
  readonly tell: (outcome: FirewallResult) => void;
}

/** An element that is to be open for so many seconds, or closed. */
interface Change {
  readonly key: string;
  readonly seconds: number | undefined;
}

/**
 * Opens services by elements with kernel time-outs in the sets sesame4 and sesame6, which a rule of
 * the administrator matches: `-m set --match-set sesame4 src,dst -j ACCEPT`. Those of `open = any` are in
 * sesame-any4 and sesame-any6: `-m set --match-set sesame-any4 src -j ACCEPT`.
 *
 * One ipset runs at a time, since of two the later could be done first; what is asked for meanwhile is
 * the work of the next, all of it.
 */
export class IpsetFirewall implements NativeBackend {
  readonly problems: readonly string[] = [];
  readonly #clock: Clock;
  readonly #restore: Restore;
  readonly #ends: ExpiryCache;
  #waiting: PendingChange[] = [];
  #working = false;

  private constructor(clock: Clock, restore: Restore) {
    this.#clock = clock;
    this.#ends = new ExpiryCache(clock);
    this.#restore = restore;
  }

  /** Makes the sets if they are not there. Throws FIREWALL. */
  static async start(
    { clock }: Pick<BackendParts, "clock">,
    _services: readonly Service[] = [],
    restore: Restore = runIpset,
  ): Promise<IpsetFirewall> {
    expectDone(await restore(createSets));
    return new IpsetFirewall(clock, restore);
  }

  open(access: NativeAccess, length: number): Promise<FirewallResult> {
    return this.#ask(access, later(this.#clock.now(), length));
  }

  close(access: NativeAccess): Promise<FirewallResult> {
    return this.#ask(access, undefined);
  }

  async renew(): Promise<void> {
    this.#ends.clear();
    expectDone(await this.#request([], undefined));
  }

  async listOpen(): Promise<readonly OpenElement[]> {
    const save = (set: string) => runBeside(["ipset", "save", set], { timeout });
    const saved = await Promise.all([...Object.values(sets), ...Object.values(anySets)].map(save));
    for (const result of saved) {
      if (result.code !== 0) throw new KnockError("FIREWALL", `ipset: ${complaint(result)}`);
    }
    return saved.flatMap(({ stdout }) => parseElements(stdout));
  }

  async release(): Promise<void> {}

  #ask(access: NativeAccess, end: Monotonic | undefined): Promise<FirewallResult> {
    return this.#request(formatElements(access), end);
  }

  /** Without elements it is for the sets themselves. */
  #request(keys: readonly string[], end: Monotonic | undefined): Promise<FirewallResult> {
    return new Promise((tell) => {
      this.#waiting.push({ keys, end, tell });
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0) {
      let pending: readonly PendingChange[] = this.#waiting;
      this.#waiting = [];
      while (pending.length > 0) pending = await this.#apply(pending);
    }
    this.#working = false;
  }

  /** Applies changes and reports each result. Returns those to try again: another one made them fail. */
  async #apply(pending: readonly PendingChange[]): Promise<readonly PendingChange[]> {
    const now = this.#clock.now();
    const changes = [...this.#changesFor(pending)].map(([key, end]) => {
      return { key, seconds: end === undefined ? undefined : secondsUntil(end, now) };
    });
    const isDone = changes.length === 0 && pending.every(({ keys }) => keys.length > 0);
    const outcome = isDone ? done : await this.#restore(linesFor(changes));
    for (const { key, seconds } of changes) {
      if (outcome.kind === "done" && seconds !== undefined) {
        this.#ends.extend(key, later(now, 1000 * seconds));
      } else this.#ends.delete(key);
    }
    const culprit = outcome.kind === "done" ? undefined : changes[failedLine(outcome)]?.key;
    const isReported = ({ keys }: PendingChange) => culprit === undefined || keys.includes(culprit);
    for (const one of pending) if (isReported(one)) one.tell(outcome);
    return pending.filter((one) => !isReported(one));
  }

  /** Until when elements are to be open that are not, or not as long: one after another, the last word counts. */
  #changesFor(pending: readonly PendingChange[]): Map<string, Monotonic | undefined> {
    const changes = new Map<string, Monotonic | undefined>();
    for (const { keys, end } of pending) {
      for (const key of keys) {
        const open = changes.has(key) ? changes.get(key) : this.#ends.get(key);
        // Another door may have opened it for longer.
        if (end === undefined || open === undefined || open < end) changes.set(key, end);
      }
    }
    return changes;
  }
}

function linesFor(changes: readonly Change[]): readonly string[] {
  // With -exist an element that is there gets the new time, and one that is not need not be closed.
  const lines = changes.map(({ key, seconds }) => {
    return seconds === undefined ? `del ${key}` : `add ${key} timeout ${seconds}`;
  });
  return [...createSets, ...lines];
}

function secondsUntil(end: Monotonic, now: Monotonic): number {
  return Math.min(longestTimeout, Math.max(1, Math.ceil((end - now) / 1000)));
}

/** Which of the lines behind those that make the sets is the first that failed; NaN if it was none of them. */
function failedLine(outcome: FirewallResult): number {
  const [, line] =
    outcome.kind === "not-started" ? (/\bin line (\d+):/.exec(outcome.reason) ?? []) : [];
  return Number(line) - 1 - createSets.length;
}

/** Throws FIREWALL unless it is done. */
function expectDone(outcome: FirewallResult): void {
  if (outcome.kind === "not-started") throw new KnockError("FIREWALL", outcome.reason);
}

async function runIpset(lines: readonly string[]): Promise<FirewallResult> {
  const input = `${lines.join("\n")}\n`;
  const result = await runBeside(["ipset", "-exist", "restore"], { timeout, input });
  if (result.code === 0) return done;
  const why = result.stderr.trim() || complaint(result);
  return { kind: "not-started", reason: `ipset: ${why}` };
}

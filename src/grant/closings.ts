import type { Clock } from "../base/clock.ts";
import { humanDuration } from "../base/duration.ts";
import { later } from "../base/time.ts";
import type { ClosedBecause } from "./access-event.ts";
import {
  confirmsBoot,
  describeFailure,
  hasGivenUp,
  isClosedByBoot,
  nextFailure,
  pauseBeforeNext,
} from "./closing-failure.ts";
import type { CommandScheduler } from "./command-scheduler.ts";
import type { AccessRequest, ClosingFailure, Failed, Lease } from "./lease.ts";
import { failureOf, isStarting, reopenOf } from "./lease.ts";
import { hasRoomForFailing } from "./lease-limits.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { LoggedFirewall } from "./logged-firewall.ts";
import { describe } from "./logged-firewall.ts";

export interface ClosingsParts {
  readonly clock: Clock;
  readonly registry: LeaseRegistry;
  readonly firewall: LoggedFirewall;
  readonly scheduler: CommandScheduler;
}

/** Closes leases, and tries again with a growing pause what failed. */
export class Closings {
  readonly #parts: ClosingsParts;
  /** The attempts that run or wait for a slot, by their key in the scheduler. */
  readonly #attempts = new Map<string, Promise<void>>();
  /** What cancels the timer of the next attempt, by lease. */
  readonly #timers = new Map<number, () => void>();
  /** How often the stop command of a lease has failed that a boot may have closed. */
  readonly #runsAfterBoot = new Map<number, number>();
  #stopped = false;

  constructor(parts: ClosingsParts) {
    this.#parts = parts;
  }

  /** Closes a lease, and carries out `reopen` afterwards. Resolves when the first attempt has ended. */
  async close(
    { id }: Lease,
    reopen: readonly AccessRequest[] = [],
    reason: ClosedBecause = "due",
  ): Promise<void> {
    const { registry } = this.#parts;
    registry.record({ op: "close", id });
    if (reopen.length > 0) registry.step({ op: "reopen", id, requests: reopen });
    await this.attempt(id, reason);
  }

  /**
   * Tries now to close a lease that is closing, or what a start command that still runs may have opened:
   * then the lease stays. An administrator does not wait for a slot. Resolves when the attempt, or one
   * under way, has ended.
   */
  attempt(id: number, reason: ClosedBecause = "due"): Promise<void> {
    const lease = this.#parts.registry.get(id);
    if (lease === undefined) return Promise.resolve();
    const isEarly = isStarting(lease);
    const key = isEarly ? `${id} early` : String(id);
    const underWay = this.#attempts.get(key);
    if (underWay !== undefined) {
      if (reason === "administrator") this.#parts.scheduler.hurry(key);
      return underWay;
    }
    this.#cancelTimer(id);
    const run = () => (isEarly ? this.#runEarly(id) : this.#run(id, reason));
    const attempt = this.#schedule(lease, key, reason, run).then(
      () => void this.#attempts.delete(key),
    );
    this.#attempts.set(key, attempt);
    return attempt;
  }

  /** Returns what keeps a lease from being closed at this moment. */
  describe({ id }: Lease): string {
    const reason = this.#parts.scheduler.whyWaiting(String(id));
    return reason === undefined ? "its stop command runs" : `its stop command waits ${reason}`;
  }

  /** Goes on with a closing of an earlier daemon. */
  resume(lease: Lease): void {
    const { id, access } = lease;
    const failure = failureOf(lease);
    const isOver = failure !== undefined && hasGivenUp(failure);
    if (!isOver || isClosedByBoot(lease)) void this.attempt(id);
    else
      this.#parts.firewall.log("error", "close-failed", access, describeFailure(access, failure));
  }

  /**
   * Takes a lease for closed that could not be closed, without another attempt. If its start command still
   * runs, it stays until that has ended, and is closed then.
   */
  forget(lease: Lease): void {
    this.#cancelTimer(lease.id);
    this.#parts.firewall.log("notice", "forgotten", lease.access, "taken for closed");
    this.#parts.firewall.tell(lease.access, { kind: "forgotten", because: "administrator" });
    if (isStarting(lease)) this.#parts.registry.step({ op: "closedEarly", id: lease.id });
    else this.#end(lease);
  }

  /** Schedules no further attempts. Those that failed are for the next daemon. */
  stop(): void {
    this.#stopped = true;
    for (const id of [...this.#timers.keys()]) this.#cancelTimer(id);
  }

  async #schedule(
    lease: Lease,
    key: string,
    reason: ClosedBecause,
    run: () => Promise<void>,
  ): Promise<void> {
    const { access } = lease;
    const place = reopenOf(this.#parts.registry.get(lease.id) ?? lease).at(-1)?.place;
    const needsSlot = reason === "due" && access.method.kind === "command";
    await this.#parts.scheduler.run({ key, what: "close", access, needsSlot, run, place });
  }

  async #run(id: number, reason: ClosedBecause): Promise<void> {
    const { registry, firewall } = this.#parts;
    const lease = registry.get(id);
    // What is lost cannot be closed: it waits to be forgotten.
    if (lease === undefined || failureOf(lease)?.result.kind === "lost") return;
    const result = await firewall.close(lease.access, reason);
    // A knock may have come, or an administrator.
    const current = registry.get(id);
    if (current === undefined) return;
    if (result.kind === "done" || this.#mayLeave(current, result)) this.#end(current);
    else this.#fail(current, result);
  }

  async #runEarly(id: number): Promise<void> {
    const { clock, registry, firewall } = this.#parts;
    const lease = registry.get(id);
    // It may have waited until the command had ended; then a closing of its own follows.
    if (lease === undefined || !isStarting(lease)) return;
    const result = await firewall.close(lease.access);
    const current = registry.get(id);
    if (current === undefined || !isStarting(current)) return;
    if (result.kind === "done") registry.step({ op: "closedEarly", id });
    else {
      const failure = nextFailure(failureOf(current), result, clock.now());
      registry.step({ op: "closedEarly", id, failure });
      this.#goOn(current, failure, failure.runs);
    }
  }

  /**
   * Returns whether a lease can end although its closing failed: a knock opens it again, and the next
   * closing is for both. A command that did not even start must first close what it has opened.
   */
  #mayLeave(lease: Lease, { kind }: Failed): boolean {
    if (reopenOf(lease).length === 0) return false;
    return kind !== "not-started" || lease.access.method.kind === "native";
  }

  #fail(lease: Lease, result: Failed): void {
    const { clock, registry, firewall } = this.#parts;
    const { id, access } = lease;
    const failure = nextFailure(failureOf(lease), result, clock.now());
    if (result.kind !== "not-started" && !hasRoomForFailing(registry, access)) {
      const text = `${describeFailure(access, failure)}; too many could not be closed, forgotten`;
      firewall.log("error", "close-failed", access, text);
      firewall.tell(access, { kind: "close-failed", result });
      firewall.tell(access, { kind: "forgotten", because: "limit" });
      registry.remove(lease);
      return;
    }
    // Runs before the boot say nothing of what is there now.
    const runs = isClosedByBoot(lease) ? (this.#runsAfterBoot.get(id) ?? 0) + 1 : failure.runs;
    if (isClosedByBoot(lease)) {
      this.#runsAfterBoot.set(id, runs);
      if (confirmsBoot(lease.access, result, runs)) {
        this.#endByBoot(lease, result);
        return;
      }
    }
    registry.record({ op: "close", id, failure });
    this.#goOn(lease, failure, runs);
  }

  /** Logs a failure, and tries again later unless `runs` of the stop command are too many. */
  #goOn(lease: Lease, failure: ClosingFailure, runs: number): void {
    const { access } = lease;
    const isLast = this.#stopped || hasGivenUp({ ...failure, runs });
    const pause = isLast ? undefined : this.#retryLater(lease, { ...failure, runs });
    const next = pause === undefined ? "" : `; next attempt in ${humanDuration(pause)}`;
    const text = `${describeFailure(access, failure)}${next}`;
    this.#parts.firewall.log("error", "close-failed", access, text);
    const { result, attempts } = failure;
    if (result.kind === "lost" || (attempts > 1 && !hasGivenUp({ ...failure, runs }))) return;
    this.#parts.firewall.tell(access, { kind: "close-failed", result });
  }

  #endByBoot(lease: Lease, result: Failed): void {
    const { firewall } = this.#parts;
    const text = `taken for closed: the system has booted since it was opened; ${describe(result)}`;
    firewall.log("notice", "closed-by-boot", lease.access, text);
    this.#end(lease);
  }

  #end(lease: Lease): void {
    this.#runsAfterBoot.delete(lease.id);
    this.#parts.registry.remove(lease);
  }

  /** Returns the pause until the next attempt: milliseconds. */
  #retryLater(lease: Lease, failure: ClosingFailure): number {
    const { clock, registry } = this.#parts;
    const { id, access, due } = lease;
    const pause = pauseBeforeNext(failure);
    const cancel = clock.wakeAt(later(clock.now(), pause), () => {
      this.#timers.delete(id);
      // What the kernel closes by itself is closed then.
      const isOver = access.method.kind === "native" && clock.now() >= due;
      if (isOver && registry.get(id)?.state.kind === "closing") registry.remove(lease);
      else void this.attempt(id);
    });
    this.#timers.set(id, cancel);
    return pause;
  }

  #cancelTimer(id: number): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }
}

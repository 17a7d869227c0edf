import type { Clock } from "../base/clock.ts";
import type { CommandLocks } from "./journal/command-locks.ts";
import type { Lease } from "./lease.ts";

/** How long after its lease a start command of an earlier daemon is waited for: milliseconds. */
const patience = 10_000;

/** How often it is looked whether such a command has ended: milliseconds. */
const interval = 250;

export interface OrphanedCommandsOptions {
  readonly clock: Clock;
  readonly locks: CommandLocks | undefined;
  /** The command of this lease has ended, with all its children: it can be closed for good. */
  readonly onEnd: (lease: Lease) => void;
  /** It has been waited for long enough: what it may have opened must be closed, and once more at its end. */
  readonly onOverdue: (lease: Lease) => void;
}

/**
 * Leases whose start command, run by an earlier daemon, may still run, and undo a closing. Its end is
 * waited for, but not for ever: a child of it may live on in the background, and must not be killed.
 */
export class OrphanedCommands {
  readonly #options: OrphanedCommandsOptions;
  readonly #states = new Map<number, "waits" | "overdue">();
  #stopped = false;

  constructor(options: OrphanedCommandsOptions) {
    this.#options = options;
  }

  /** Whether a lease is waited for, and whether it was closed all the same. */
  stateOf(lease: Lease): "waits" | "overdue" | undefined {
    return this.#states.get(lease.id);
  }

  add(lease: Lease): void {
    this.#states.set(lease.id, "waits");
    this.#look(lease);
  }

  /** Somebody closes this lease without waiting any longer. */
  remove(lease: Lease): void {
    this.#states.delete(lease.id);
  }

  stop(): void {
    this.#stopped = true;
  }

  #look(lease: Lease): void {
    const { clock, locks, onEnd, onOverdue } = this.#options;
    const state = this.#states.get(lease.id);
    if (this.#stopped || state === undefined) return;
    if (!(locks?.isHeld(lease.id) ?? false)) {
      this.#states.delete(lease.id);
      onEnd(lease);
      return;
    }
    const now = clock.now();
    if (state === "waits" && now >= lease.due + patience) {
      this.#states.set(lease.id, "overdue");
      onOverdue(lease);
    }
    clock.wakeAt(now + interval, () => this.#look(lease));
  }
}

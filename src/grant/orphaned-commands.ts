import type { Clock } from "../base/clock.ts";
import { later } from "../base/time.ts";
import type { Closings } from "./closings.ts";
import type { CommandLocks } from "./journal/command-locks.ts";
import type { LeaseRegistry } from "./lease-registry.ts";

/** How long after its lease a start command of an earlier daemon is waited for: milliseconds. */
const patience = 10_000;

/** How often it is looked whether such a command has ended: milliseconds. */
const interval = 250;

export interface OrphanedCommandsParts {
  readonly clock: Clock;
  readonly locks: CommandLocks | undefined;
  readonly registry: LeaseRegistry;
  readonly closings: Closings;
}

/**
 * Closes orphaned leases when the start command of the earlier daemon has ended with all its children:
 * until then it may undo a closing. A child may live on in the background and must not be killed. So a
 * lease that is overdue is closed all the same, and once more at the end of the command.
 */
export class OrphanedCommands {
  readonly #parts: OrphanedCommandsParts;
  #stopped = false;

  constructor(parts: OrphanedCommandsParts) {
    this.#parts = parts;
  }

  /** Looks after an orphaned lease, as long as it is one. */
  async watch(id: number): Promise<void> {
    const { clock, locks, registry, closings } = this.#parts;
    const isHeld = (await locks?.isHeld(id)) ?? false;
    const lease = registry.get(id);
    if (this.#stopped || lease?.state.kind !== "orphaned") return;
    if (!isHeld) {
      void closings.close(lease);
      return;
    }
    const now = clock.now();
    if (lease.state.wait === "waiting" && now >= later(lease.due, patience)) {
      registry.step({ op: "overdue", id });
      void closings.attempt(id);
    }
    clock.wakeAt(later(now, interval), () => void this.watch(id));
  }

  stop(): void {
    this.#stopped = true;
  }
}

import type { Clock } from "../base/clock.ts";
import type { Monotonic } from "../base/time.ts";
import { later } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import type { Closings } from "./closings.ts";
import type { CommandScheduler } from "./command-scheduler.ts";
import { holderOf } from "./holders.ts";
import type { CommandLocks } from "./journal/command-locks.ts";
import type { AccessRequest, Lease } from "./lease.ts";
import type { LeaseRegistry } from "./lease-registry.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { LeaseWitness } from "./lease-witness.ts";
import { keyOf } from "./ledger.ts";
import type { LoggedFirewall } from "./logged-firewall.ts";
import type { SourcePlace } from "./source-order.ts";

export interface CommandLeasesOptions {
  readonly clock: Clock;
  readonly journal: LeaseStore | undefined;
  readonly locks: CommandLocks | undefined;
  /** Refuse commands that another must undo while the journal cannot be written. */
  readonly refuseWithoutJournal: boolean;
  /** Absent without a fleet. */
  readonly witness?: LeaseWitness;
}

export interface CommandLeasesParts {
  readonly registry: LeaseRegistry;
  readonly firewall: LoggedFirewall;
  readonly closings: Closings;
  readonly scheduler: CommandScheduler;
}

/** Runs commands that open: those of leases, and those that nothing undoes. */
export class CommandLeases {
  readonly #options: CommandLeasesOptions;
  readonly #parts: CommandLeasesParts;
  #stopped = false;

  constructor(options: CommandLeasesOptions, parts: CommandLeasesParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Runs a command that nothing undoes. Resolves at its end; to false if it did not start. */
  run({ access, length, place }: AccessRequest): Promise<boolean> {
    const open = () => {
      if (access.origin === undefined) this.#options.witness?.ran(access, holderOf(access));
      return this.#parts.firewall.open(access, length);
    };
    return this.#enqueue(keyOf(access), access, place, open);
  }

  /** Opens a queued lease. Resolves when its start command has ended; to false if that did not start. */
  async open(lease: Lease, place: SourcePlace | undefined): Promise<boolean> {
    const { registry } = this.#parts;
    const { id, access } = lease;
    registry.writeBeginning(lease);
    const opened = await this.#enqueue(`lease ${id}`, access, place, () => this.#start(id));
    if (!opened && this.#isQueued(id)) registry.remove(lease);
    return opened;
  }

  /** Starts nothing any more, and drops the leases that wait. */
  stop(): void {
    this.#stopped = true;
    const { registry, scheduler } = this.#parts;
    scheduler.dropOpenings(() => true);
    for (const lease of registry.leases) if (this.#isQueued(lease.id)) registry.remove(lease);
  }

  async #start(id: number): Promise<boolean> {
    const { clock, journal, locks, refuseWithoutJournal } = this.#options;
    const { registry, firewall } = this.#parts;
    if (!this.#isQueued(id)) return false;
    const isKept = journal !== undefined || locks !== undefined;
    const [isDurable = true, lock] = isKept
      ? await Promise.all([journal?.commit(), locks?.take(id)])
      : [];
    // It may have been closed meanwhile.
    const lease = registry.get(id);
    const isRefused = refuseWithoutJournal && !isDurable;
    if (lease === undefined || isRefused) {
      lock?.release();
      if (lease !== undefined) this.#refuse(lease, "the journal cannot be written");
      return false;
    }
    registry.step({ op: "start", id });
    // A command may take long: a closing in the fleet is to find it.
    this.#tell(lease.access, later(clock.now(), lease.length));
    const started = await firewall.open(lease.access, lease.length, lock);
    this.#opened(id, later(clock.now(), lease.length));
    return started;
  }

  /** The start command has ended. */
  #opened(id: number, due: Monotonic): void {
    const { registry, closings } = this.#parts;
    const lease = registry.get(id);
    if (lease?.state.kind !== "starting") return;
    registry.record({ op: "opened", id, due });
    const { closeWhenStarted } = lease.state;
    if (closeWhenStarted === undefined) this.#tell(lease.access, due);
    const isLast = this.#stopped && registry.journalFailed;
    if (closeWhenStarted !== undefined || isLast) {
      void closings.close(lease, closeWhenStarted?.reopen);
    }
  }

  #tell(access: Access, due: Monotonic): void {
    if (access.origin === undefined) this.#options.witness?.opened(access, holderOf(access), due);
  }

  #isQueued(id: number): boolean {
    return this.#parts.registry.get(id)?.state.kind === "queued";
  }

  #refuse(lease: Lease, why: string): void {
    this.#parts.firewall.log("error", "refused", lease.access, `not opened: ${why}`);
    this.#parts.registry.remove(lease);
  }

  /** Resolves to the task's result; to false if it never runs. */
  async #enqueue(
    key: string,
    access: Access,
    place: SourcePlace | undefined,
    task: () => Promise<boolean>,
  ): Promise<boolean> {
    let done = false;
    const run = async () => {
      done = !this.#stopped && (await task());
    };
    const needsSlot = access.knock !== undefined;
    const opening = { key, what: "open", access, needsSlot, run, place } as const;
    const result = await this.#parts.scheduler.run(opening);
    const full = "too many commands are waiting, not opened";
    if (result === "refused") this.#parts.firewall.log("error", "overload", access, full);
    return done;
  }
}

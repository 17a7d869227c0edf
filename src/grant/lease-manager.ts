import type { Address } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Access } from "../firewall/firewall.ts";
import type { CommandLocks } from "./journal/command-locks.ts";
import type { LeaseJournal } from "./journal/lease-journal.ts";
import type { Recovered } from "./journal/recovery.ts";
import type { Lease, LeaseEvent } from "./lease.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf } from "./ledger.ts";
import type { LoggedFirewallOptions } from "./logged-firewall.ts";
import { LoggedFirewall } from "./logged-firewall.ts";
import { OrphanedCommands } from "./orphaned-commands.ts";
import { TaskLimiter } from "./task-limiter.ts";

/** How many openings may wait for a slot, one for each door and source. */
const mostWaiting = 10_000;

/**
 * How many leases there may be, each about a kilobyte here and in the journal: beyond it those who knock
 * are refused, for only forged addresses are so many. An administrator is not.
 */
export const mostLeases = 50_000;

/** What a knock asks for. */
export interface AccessRequest {
  readonly access: Access;
  /** How long the door stays open: milliseconds. */
  readonly length: number;
  /** What a knock does while the door is open: a longer lease, or close and open again. */
  readonly again: "extend" | "rerun";
}

export interface LeaseManagerOptions extends LoggedFirewallOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** Undefined, like the locks: leases are in memory by intention. */
  readonly journal: LeaseJournal | undefined;
  readonly locks: CommandLocks | undefined;
  /** How many commands run at once; those that open and those that close are counted apart. */
  readonly maxCommands: number;
  /** Without a journal no command is run that another must undo. */
  readonly refuseWithoutJournal: boolean;
}

/**
 * Carries out openings and closes what must be closed, on time: the one loop that holds state about
 * what is open. A slow command never delays another, and closings never wait behind openings.
 */
export class LeaseManager {
  readonly #options: LeaseManagerOptions;
  readonly #firewall: LoggedFirewall;
  readonly #orphans: OrphanedCommands;
  readonly #openings: TaskLimiter;
  readonly #closings: TaskLimiter;
  /** Knocks that came while their door was being closed. */
  readonly #again = new Map<number, AccessRequest>();
  /** Leases whose start command runs. */
  readonly #starting = new Set<number>();
  /** Leases that are to be closed as soon as their start command has ended. */
  readonly #hasty = new Set<number>();
  #cancelWake: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: LeaseManagerOptions) {
    this.#options = options;
    this.#firewall = new LoggedFirewall(options);
    this.#orphans = new OrphanedCommands({
      ...options,
      onEnd: (lease) => void this.#finish(lease),
      onOverdue: (lease) => void this.#closeEarly(lease),
    });
    this.#openings = new TaskLimiter(options.maxCommands, mostWaiting);
    this.#closings = new TaskLimiter(options.maxCommands, Number.POSITIVE_INFINITY);
  }

  get leases(): readonly Lease[] {
    return this.#options.ledger.leases;
  }

  /** True while a command runs or a lease is open. */
  get busy(): boolean {
    return this.#openings.size + this.#closings.size + this.#options.ledger.size > 0;
  }

  /** Takes over what earlier daemons left: closes what is overdue at once, and keeps the rest. */
  restore(recovered: readonly Recovered[]): void {
    const { ledger, journal, locks } = this.#options;
    for (const { lease, plan } of recovered) {
      const { id, access, length, since, due } = lease;
      ledger.apply({ op: "open", id, access, length, since });
      if (plan !== "settle") ledger.apply({ op: "opened", id, due });
      ledger.apply({ op: "extend", id, due });
    }
    journal?.restart();
    locks?.forgetAllBut(new Set(recovered.map(({ lease }) => lease.id)));
    for (const { lease, plan } of recovered) this.#resume(lease, plan);
    this.#schedule();
  }

  /**
   * Opens a door for whoever knocked, or extends the lease. What must be done is begun at once; the
   * promise is fulfilled when it has ended, and nobody who knocks waits for it. False if the door could
   * not be opened; the log says why.
   */
  async open(grant: AccessRequest): Promise<boolean> {
    if (this.#stopped) return false;
    const { access, length } = grant;
    if (access.method.kind === "command" && access.method.stop === undefined) {
      const start = () => this.#firewall.start(access, length);
      return this.#enqueue(keyOf(access), access, start);
    }
    const lease = this.#options.ledger.find(access);
    if (lease === undefined) return this.#begin(grant);
    const settling = this.#orphans.stateOf(lease);
    if (lease.state === "closing" || settling === "waits") this.#waitFor(lease, grant);
    else if (settling === "overdue" || (lease.state === "open" && grant.again === "rerun")) {
      this.#waitFor(lease, grant);
      await this.#finish(lease);
    } else {
      // A knock never makes it shorter.
      const due = Math.max(lease.due, this.#options.clock.now() + length);
      return this.extend(lease, due);
    }
    return true;
  }

  /** Makes a lease end at another time: milliseconds on the clock's `now()`. */
  async extend(lease: Lease, due: number): Promise<boolean> {
    const { clock } = this.#options;
    this.#note({ op: "extend", id: lease.id, due });
    this.#firewall.log("info", "extended", lease.access, "open already, stays open longer");
    if (due < this.#wakesAt) this.#schedule();
    if (lease.access.method.kind !== "native") return true;
    return this.#openNative(lease, due - clock.now());
  }

  /**
   * Closes a lease before its time; fulfilled when that is done. Where the start command still runs it
   * is closed now, and once more when that has ended.
   */
  async close(lease: Lease): Promise<void> {
    const current = this.#options.ledger.get(lease.id);
    if (current?.state === "open") await this.#finish(current);
    else if (current?.state === "opening") await this.#closeEarly(current);
  }

  /** Opens again what the kernel should have open, with the time it has left. */
  reopenNative(): void {
    for (const lease of this.leases) this.#reopen(lease);
  }

  /**
   * Nothing is opened any more. Leases stay, for the next daemon, unless there is no journal to tell
   * it of them: then they are closed now. Fulfilled when no closing is under way.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWake?.();
    this.#orphans.stop();
    for (const lease of this.leases) if (this.#isUnbegun(lease)) this.#forget(lease);
    if (this.journalFailed) {
      for (const lease of this.leases) this.#closeForGood(lease);
      await this.#openings.idle();
    }
    await this.#closings.idle();
  }

  /**
   * Nobody waits any longer for `stop`: what no daemon after this one will close is begun to be closed
   * at once, however many commands that are, and whether the start command has ended or not.
   */
  runAllNow(): void {
    if (!this.journalFailed) return;
    for (const lease of this.leases) if (this.#starting.has(lease.id)) void this.#closeEarly(lease);
    this.#closings.runAllNow();
  }

  /** No daemon after this one will know what is open. */
  get journalFailed(): boolean {
    return this.#options.journal?.trouble !== undefined;
  }

  /** It waits for a slot or for the disk. */
  #isUnbegun(lease: Lease): boolean {
    const { id, state, access } = lease;
    const isOurs = access.method.kind === "command" && this.#orphans.stateOf(lease) === undefined;
    return isOurs && state === "opening" && !this.#starting.has(id);
  }

  #closeForGood(lease: Lease): void {
    // What the kernel has open it closes by itself.
    if (lease.access.method.kind === "command" && lease.state === "open") void this.close(lease);
  }

  async #begin(grant: AccessRequest): Promise<boolean> {
    const { ledger, clock, journal } = this.#options;
    const { access, length } = grant;
    if (ledger.size >= mostLeases && access.knock !== undefined) {
      this.#firewall.log("error", "overload", access, "too many doors are open, not opened");
      return false;
    }
    const id = ledger.nextId;
    const since = clock.now();
    const event = { op: "open", id, access, length, since } as const;
    ledger.apply(event);
    const lease = ledger.get(id);
    if (lease === undefined) return false;
    if (access.method.kind === "native") return this.#openNative(lease, length);
    const kept = journal?.write(event) ?? true;
    const opened = await this.#enqueue(`lease ${id}`, access, () => this.#start(lease, kept));
    // It may have been refused before it began.
    if (!opened && ledger.get(id)?.state === "opening") this.#forget(lease);
    return opened;
  }

  /** `kept`: the opening is in the journal, though perhaps not on the disk yet. */
  async #start(lease: Lease, kept: boolean): Promise<boolean> {
    const { ledger, clock, journal, locks, refuseWithoutJournal } = this.#options;
    const { id, access, length } = lease;
    const committed = journal?.commit();
    // While the disk works.
    const hold = locks?.take(id);
    const safe = committed === undefined || ((await committed) && kept);
    const isRefused = !safe && refuseWithoutJournal;
    if (isRefused || this.#stopped) {
      hold?.release();
      // What had not begun a stop has forgotten already.
      if (!this.#stopped) this.#refuse(lease, "the journal cannot be written");
      return false;
    }
    const starting = this.#firewall.start(access, length, hold);
    this.#starting.add(id);
    const started = await starting;
    this.#starting.delete(id);
    this.#note({ op: "opened", id, due: clock.now() + length });
    const opened = ledger.get(id);
    if (opened === undefined) return started;
    if (this.#hasty.delete(id)) void this.#finish(opened);
    else if (this.#stopped && this.journalFailed) this.#closeForGood(opened);
    return started;
  }

  #refuse(lease: Lease, why: string): void {
    this.#firewall.log("error", "refused", lease.access, `not opened: ${why}`);
    this.#forget(lease);
  }

  async #closeEarly(lease: Lease): Promise<void> {
    const { id, access } = lease;
    // Those that are settling are closed once more in any case.
    if (this.#orphans.stateOf(lease) === undefined) this.#hasty.add(id);
    await this.#closings.run(`${id} early`, () => this.#firewall.close(access));
  }

  async #openNative(lease: Lease, length: number): Promise<boolean> {
    const { ledger, journal } = this.#options;
    const { id, access, since } = lease;
    const admitted = await this.#firewall.admit(access, length);
    // Of several knocks in one go the first to come here has done the rest.
    const now = ledger.get(id);
    if (now?.state !== "opening") return admitted;
    if (!admitted) this.#forget(lease);
    else {
      // The kernel closes by itself: that it is open can be written down when it is.
      journal?.write({ op: "open", id, access, length, since });
      const due = Math.max(now.due, this.#options.clock.now() + length);
      this.#note({ op: "opened", id, due });
      this.#firewall.logOpened(access, length);
      this.#schedule();
      if (this.#hasty.delete(id)) void this.close(lease);
    }
    return admitted;
  }

  async #finish(lease: Lease): Promise<void> {
    const { id, access } = lease;
    this.#orphans.remove(lease);
    this.#note({ op: "close", id });
    this.#schedule();
    await this.#closings.run(String(id), async () => {
      await this.#firewall.close(access);
      this.#forget(lease);
      if (access.method.kind === "native") this.#reopenOthers(access.source);
      const again = this.#again.get(id);
      this.#again.delete(id);
      if (again !== undefined) void this.open(again);
    });
  }

  /** A service that was closed for a source may be open to it by another door, or be just opened by it. */
  #reopenOthers(source: Address): void {
    for (const lease of this.leases) if (lease.access.source.equals(source)) this.#reopen(lease);
  }

  #reopen(lease: Lease): void {
    if (lease.access.method.kind !== "native" || lease.state === "closing") return;
    void this.#openNative(lease, lease.due - this.#options.clock.now());
  }

  #forget(lease: Lease): void {
    this.#note({ op: "closed", id: lease.id });
    this.#hasty.delete(lease.id);
    this.#options.locks?.forget(lease.id);
  }

  #waitFor(lease: Lease, grant: AccessRequest): void {
    this.#again.set(lease.id, grant);
    const what = "is being closed, opens again afterwards";
    this.#firewall.log("info", "waiting", grant.access, what);
  }

  /** Fulfilled with what the task says at its end; with false if it never runs. */
  async #enqueue(key: string, access: Access, task: () => Promise<boolean>): Promise<boolean> {
    let done = false;
    const fate = await this.#openings.run(key, async () => {
      done = !this.#stopped && (await task());
      this.#schedule();
    });
    const full = "too many commands are waiting, not opened";
    if (fate === "refused") this.#firewall.log("error", "overload", access, full);
    return done;
  }

  #resume(lease: Lease, plan: Recovered["plan"]): void {
    const { clock } = this.#options;
    const what = `open since an earlier start (${plan})`;
    this.#firewall.log("notice", "recovered", lease.access, what);
    if (plan === "close") void this.#finish(lease);
    else if (plan === "settle") this.#orphans.add(lease);
    else if (lease.access.method.kind === "native" && lease.due > clock.now()) {
      void this.#openNative(lease, lease.due - clock.now());
    }
  }

  /** Wakes when the next lease ends, or when one was to end that was closed or extended since. */
  #schedule(): void {
    const { ledger, clock } = this.#options;
    const due = ledger.nextDue ?? Number.POSITIVE_INFINITY;
    if (this.#stopped || due >= this.#wakesAt) return;
    this.#cancelWake?.();
    this.#wakesAt = due;
    this.#cancelWake = clock.wakeAt(due, () => this.#expire());
  }

  #expire(): void {
    const { ledger, clock } = this.#options;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    for (const lease of ledger.takeDue(clock.now())) {
      this.#firewall.logExpired(lease.access);
      // The kernel has closed by itself.
      if (lease.access.method.kind === "native") this.#forget(lease);
      else void this.#finish(lease);
    }
    this.#schedule();
  }

  /** Tells the ledger and the journal. */
  #note(event: LeaseEvent): void {
    const { ledger, journal } = this.#options;
    ledger.apply(event);
    journal?.write(event);
  }
}

// Longer than other files: every request meets every state of a lease here.
import type { StatusProblem } from "../base/status-problem.ts";
import type { Monotonic } from "../base/time.ts";
import { later, latest, longAgo } from "../base/time.ts";
import type { Access } from "../firewall/firewall.ts";
import { openerOf } from "./access-event.ts";
import { Closings } from "./closings.ts";
import type { CommandLeasesOptions } from "./command-leases.ts";
import { CommandLeases } from "./command-leases.ts";
import { CommandScheduler } from "./command-scheduler.ts";
import type { HolderMark } from "./holders.ts";
import { administratorName, holderOf, holdersAt, whoMember } from "./holders.ts";
import type { AccessRequest, Lease } from "./lease.ts";
import { failureOf, reopenOf } from "./lease.ts";
import { describeFull, hasRoom } from "./lease-limits.ts";
import type { LeaseRegistryOptions } from "./lease-registry.ts";
import { LeaseRegistry } from "./lease-registry.ts";
import type { LeaseKey } from "./ledger.ts";
import type { LoggedFirewallOptions } from "./logged-firewall.ts";
import { LoggedFirewall } from "./logged-firewall.ts";
import { NativeLeases } from "./native-leases.ts";
import { OrphanedCommands } from "./orphaned-commands.ts";
import { PlannedOpenings, requestsOf } from "./planned-openings.ts";
import { RepeatFilter } from "./repeat-filter.ts";
import type { SourcePlace } from "./source-order.ts";

/** Milliseconds by which an opening of the kernel must end later than a lease to be another one. */
const adoptionSlack = 1_000;

/** What came of an opening of the kernel; `refused`: too many doors are open. */
export type Adoption = "adopted" | "known" | "refused";

export interface LeaseManagerOptions
  extends LoggedFirewallOptions,
    LeaseRegistryOptions,
    CommandLeasesOptions {
  /** How many commands run at once, of one door half of them; those that open and those that close are counted apart. */
  readonly maxCommands: number;
}

/**
 * Decides what a knock, an administrator or the time means for a lease, and has it done when the
 * `CommandScheduler` says so.
 */
export class LeaseManager {
  readonly #options: LeaseManagerOptions;
  readonly #firewall: LoggedFirewall;
  readonly #registry: LeaseRegistry;
  readonly #scheduler: CommandScheduler;
  readonly #closings: Closings;
  readonly #planned: PlannedOpenings;
  readonly #commands: CommandLeases;
  readonly #natives: NativeLeases;
  readonly #orphans: OrphanedCommands;
  readonly #repeats: RepeatFilter;
  #stopped = false;

  constructor(options: LeaseManagerOptions) {
    this.#options = options;
    this.#firewall = new LoggedFirewall(options);
    this.#registry = new LeaseRegistry(options, {
      onDue: (lease) => this.#expire(lease),
      onGone: (lease) => this.#followUp(lease),
    });
    const { clock, locks } = options;
    this.#repeats = new RepeatFilter(clock);
    this.#scheduler = new CommandScheduler(options, options.maxCommands);
    const own = { registry: this.#registry, firewall: this.#firewall, scheduler: this.#scheduler };
    const base = { clock, locks, ...own };
    this.#closings = new Closings(base);
    this.#planned = new PlannedOpenings(base);
    const parts = { ...base, closings: this.#closings, witness: options.witness };
    this.#commands = new CommandLeases(options, parts);
    this.#natives = new NativeLeases(parts);
    this.#orphans = new OrphanedCommands(parts);
  }

  get leases(): readonly Lease[] {
    return this.#registry.leases;
  }

  /** How many holders all leases have. */
  get holders(): number {
    return this.#registry.holders;
  }

  /** Returns the lease as it is now, or undefined if it is gone. */
  get(id: number): Lease | undefined {
    return this.#registry.get(id);
  }

  /** Returns the lease of an owner and a source. */
  find(key: LeaseKey): Lease | undefined {
    return this.#registry.find(key);
  }

  /** Resolves when a lease is gone. */
  gone({ id }: Lease): Promise<void> {
    return this.#registry.gone(id);
  }

  /** Returns whether a command runs or a lease exists. */
  get busy(): boolean {
    const commands = this.#scheduler.size("open") + this.#scheduler.size("close");
    return commands + this.#registry.size > 0;
  }

  /** Returns what waits for too long, and what runs for too long. */
  get problems(): readonly StatusProblem[] {
    return [...this.#scheduler.problems, ...describeFull(this.#registry)];
  }

  /** Returns whether the next daemon will not know what is open. */
  get journalFailed(): boolean {
    return this.#registry.journalFailed;
  }

  /**
   * Takes over what earlier daemons left: closes what is overdue at once, and keeps the rest. Resolves when
   * that has begun. The journal comes first: what is closed before would be closed again after a crash.
   */
  async restore(recovered: readonly Lease[]): Promise<void> {
    this.#registry.restore(recovered);
    if (this.#options.journal !== undefined) await this.#options.journal.commit();
    for (const { id } of recovered) {
      const lease = this.#registry.get(id);
      if (lease !== undefined) this.#resume(lease);
    }
  }

  /**
   * Opens a door, or extends the lease. Work begins at once; the promise resolves when it has ended, to
   * false if the door could not be opened. The log says why.
   */
  open(request: AccessRequest): Promise<boolean> {
    const opened = this.#open(request);
    this.#planned.release(request);
    return opened;
  }

  /** Reserves the place of a knock among those of its source, if it runs a command. It is to be opened soon. */
  reserve(request: AccessRequest): SourcePlace | undefined {
    return this.#planned.reserve(request);
  }

  /** Gives up the place of a request that is not to be opened. */
  release(request: AccessRequest): void {
    this.#planned.release(request);
  }

  /** Returns what keeps a lease that is closing from being closed at this moment. */
  describeClosing(lease: Lease): string {
    return this.#closings.describe(lease);
  }

  async #open(request: AccessRequest): Promise<boolean> {
    if (this.#stopped) return false;
    const { access } = request;
    const isRepeat = this.#repeats.isRepeat(request);
    if (access.method.kind === "command" && access.method.stop === undefined) {
      return isRepeat ? this.#skip(access) : this.#runOnce(request);
    }
    const lease = this.#registry.find(access);
    if (lease === undefined) return this.#begin(request);
    if (!this.#closesBeforeOpening(lease, request) || (isRepeat && lease.state.kind === "open")) {
      return this.#extend(lease, request);
    }
    const what = "is being closed, opens again afterwards";
    this.#firewall.log("info", "waiting", access, what);
    const { state } = lease;
    const planned = this.#planned.add(lease, request);
    if (state.kind === "open" || (state.kind === "orphaned" && state.wait === "overdue")) {
      await this.#closings.close(lease, planned);
      return true;
    }
    this.#registry.step({ op: "reopen", id: lease.id, requests: planned });
    // What failed does not wait for its next attempt.
    if (state.kind === "closing" && state.failure !== undefined) {
      await this.#closings.attempt(lease.id);
    }
    return true;
  }

  /**
   * Makes a lease of what the kernel opened by itself, at `since`, until `due`; a lease that ends earlier gets
   * longer.
   */
  adopt(request: AccessRequest, since: Monotonic, due: Monotonic): Adoption {
    const { access } = request;
    const lease = this.#registry.find(access);
    if (lease === undefined) {
      if (!hasRoom(this.#registry, access)) return "refused";
      this.#natives.adopt(request, since, due);
      return "adopted";
    }
    // The two of one knock differ by milliseconds. Other holders may stay for longer.
    const known = lease.by.get(holderOf(access)) ?? longAgo;
    if (lease.state.kind !== "open" || due - known < adoptionSlack) return "known";
    this.#registry.record({ op: "extend", id: lease.id, due });
    this.#firewall.logAdopted(access, since, due);
    void this.#natives.open(lease, due - this.#options.clock.now());
    return "adopted";
  }

  /** Makes a lease last for `length` milliseconds from now at least, for an administrator. */
  extend(lease: Lease, length: number): Promise<boolean> {
    const { origin: _, ...here } = lease.access;
    const access = { ...here, who: administratorName };
    return this.#extend(lease, { access, length, again: "extend" });
  }

  /** Notes what the fleet knows of a holder, for the next daemon. */
  mark(key: LeaseKey, holder: string, mark: HolderMark): void {
    const lease = this.#registry.find(key);
    const due = lease?.by.get(holder);
    if (lease === undefined || due === undefined) return;
    this.#registry.record({ op: "extend", id: lease.id, due, ...whoMember(holder), ...mark });
  }

  #extend(lease: Lease, request: AccessRequest): Promise<boolean> {
    const { access } = request;
    const kept = this.#hold(lease, request);
    this.#firewall.logExtended(lease, holderOf(access));
    this.#firewall.tell(access, { kind: "extended", ...openerOf(access) });
    return kept;
  }

  /** Lets the holder of a request in for `length` milliseconds from now, or longer if that was so before. */
  async #hold({ id }: Lease, { access, length, mark }: AccessRequest): Promise<boolean> {
    const holder = holderOf(access);
    const now = this.#options.clock.now();
    const before = this.#registry.get(id)?.by.get(holder) ?? longAgo;
    const due = latest(before, later(now, length));
    this.#registry.record({ op: "extend", id, due, ...whoMember(holder), ...mark });
    if (access.origin === undefined) this.#options.witness?.opened(access, holder, due);
    const lease = this.#registry.get(id);
    if (lease?.access.method.kind !== "native") return true;
    return this.#natives.open(lease, lease.due - now);
  }

  /**
   * Takes a holder out of a lease, and out of what waits for its closing. A lease without another holder
   * is closed. Resolves when that is done or has failed.
   */
  leave(lease: Lease, holder: string): Promise<void> {
    return this.curtail(lease, holder, longAgo);
  }

  /** Makes a holder leave at `due` at the latest; at once if that has passed. */
  async curtail({ id }: Lease, holder: string, due: Monotonic): Promise<void> {
    this.#planned.curtail(id, holder, due);
    const now = this.#options.clock.now();
    const lease = this.#registry.get(id);
    if (lease === undefined || (lease.by.get(holder) ?? longAgo) <= due) return;
    if (due > now) this.#registry.record({ op: "extend", id, due, ...whoMember(holder) });
    else if (holdersAt(lease.by, now).some((one) => one !== holder)) {
      this.#registry.record({ op: "leave", id, who: holder });
      const name = holder === "" ? "the sequence" : holder;
      this.#firewall.log("info", "left", lease.access, `${name} has left, others stay`, {
        ...{ lease: id, ...whoMember(holder) },
      });
    } else return this.#close(lease);
    await this.#shorten(lease);
  }

  /** Has the kernel close when the holders that are left leave: it never makes a time shorter by itself. */
  async #shorten({ id, due: before }: Lease): Promise<void> {
    const lease = this.#registry.get(id);
    if (lease === undefined || isOfCommands(lease) || lease.due >= before) return;
    const requests = requestsOf(lease, this.#options.clock.now());
    if (lease.state.kind === "open") {
      await this.#closings.close(lease, requests, "administrator");
    } else if (lease.state.kind === "starting" && lease.state.closeWhenStarted === undefined) {
      this.#registry.step({ op: "closeWhenStarted", id });
      this.#registry.step({ op: "reopen", id, requests });
    }
  }

  /**
   * Closes a lease before its time, or tries again to; resolves when that is done or has failed. If the
   * start command still runs, the lease is closed now, and once more when that has ended. What waits to
   * be opened is not opened, nor what waits for the closing.
   */
  async close(lease: Lease): Promise<void> {
    this.#planned.cancel(lease);
    await this.#close(lease);
  }

  async #close({ id }: Lease): Promise<void> {
    const lease = this.#registry.get(id);
    if (lease === undefined) return;
    const { kind } = lease.state;
    if (kind === "queued") {
      this.#firewall.log("info", "cancelled", lease.access, "closed before it was opened");
      this.#registry.remove(lease);
    } else if (kind === "open") await this.#closings.close(lease, undefined, "administrator");
    else if (kind === "closing") await this.#closings.attempt(id, "administrator");
    else {
      this.#registry.step({ op: "closeWhenStarted", id });
      await this.#closings.attempt(id, "administrator");
    }
  }

  /** Drops commands without a lease that wait, of devices that may not open any more. */
  dropCommands(isOut: (who: string) => boolean): void {
    const isUnwanted = ({ who = "", method }: Access) =>
      method.kind === "command" && method.stop === undefined && who !== "" && isOut(who);
    for (const access of this.#scheduler.dropOpenings(isUnwanted)) {
      this.#firewall.log("info", "cancelled", access, `not run: ${access.who} may not open it`);
    }
  }

  /** Takes a lease for closed that could not be closed. Returns false if it is none. */
  forget({ id }: Lease): boolean {
    const lease = this.#registry.get(id);
    if (lease === undefined || failureOf(lease) === undefined) return false;
    this.#closings.forget(lease);
    return true;
  }

  /** Opens again what the kernel should have open, with the time it has left. */
  reopenNative(): void {
    this.#natives.reopenAll();
  }

  /**
   * Opens nothing any more. Leases stay for the next daemon, unless the journal failed: then those of
   * commands are closed. Resolves when nothing is being closed.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#registry.stop();
    this.#orphans.stop();
    this.#commands.stop();
    this.#closings.stop();
    if (this.journalFailed) {
      // What the kernel has open it closes by itself.
      for (const lease of this.leases.filter(isOfCommands)) {
        if (lease.state.kind === "open") void this.#closings.close(lease);
        else if (failureOf(lease) !== undefined) void this.#closings.attempt(lease.id);
      }
      await this.#scheduler.idle("open");
    }
    await this.#scheduler.idle("close");
  }

  /**
   * Stops waiting: starts closing every lease that no later daemon can recover, however many commands
   * that are, and whether the start command has ended or not.
   */
  runAllNow(): void {
    if (!this.journalFailed) return;
    const starting = this.leases.filter(({ state }) => state.kind === "starting");
    for (const lease of starting.filter(isOfCommands)) void this.close(lease);
    this.#scheduler.closeAtOnce();
  }

  async #begin(request: AccessRequest): Promise<boolean> {
    const { access, length, place } = request;
    if (access.knock !== undefined && !hasRoom(this.#registry, access)) {
      this.#firewall.log("error", "overload", access, "too many doors are open, not opened");
      return false;
    }
    const lease = this.#registry.begin(request);
    return isOfCommands(lease)
      ? this.#commands.open(lease, place)
      : this.#natives.open(lease, length);
  }

  async #runOnce(request: AccessRequest): Promise<boolean> {
    const isStarted = await this.#commands.run(request);
    // What did not run may be knocked at again.
    if (!isStarted) this.#repeats.forget(request.access);
    return isStarted;
  }

  #skip(access: Access): true {
    this.#firewall.log("info", "resting", access, "has just run, does not run again");
    return true;
  }

  /** Returns whether the lease must be closed before a request can open it again. */
  #closesBeforeOpening({ state }: Lease, { again }: AccessRequest): boolean {
    switch (state.kind) {
      case "queued":
        return false;
      case "starting":
        return state.closeWhenStarted !== undefined;
      case "open":
        return again === "rerun";
      case "orphaned":
      case "closing":
        return true;
    }
  }

  #resume(lease: Lease): void {
    const { state, access, due } = lease;
    const plan = state.kind === "orphaned" ? "settle" : state.kind === "closing" ? "close" : "keep";
    this.#firewall.log("notice", "recovered", access, `open since an earlier start (${plan})`);
    // Version 0.1 opened for the address of who began a trial. No trial outlives its daemon.
    if (state.kind === "closing") this.#closings.resume(lease);
    else if (access.owner.kind === "trial") void this.#closings.close(lease);
    else if (state.kind === "orphaned") void this.#orphans.watch(lease.id);
    // What is overdue the kernel has closed.
    else if (due > this.#options.clock.now()) this.#natives.reopen(lease);
  }

  #expire(lease: Lease): void {
    this.#firewall.logExpired(lease);
    // The kernel has closed by itself.
    if (isOfCommands(lease)) void this.#closings.close(lease);
    else this.#registry.remove(lease);
  }

  /** Does what had to wait until `lease` was gone. */
  #followUp(lease: Lease): void {
    const { access, state } = lease;
    // A service that was closed for a source may be open to it by another door.
    if (!isOfCommands(lease) && state.kind === "closing") this.#natives.reopenAll(access.source);
    const requests = reopenOf(lease);
    const last = requests.at(-1);
    if (last === undefined) return;
    void this.open(last);
    for (const request of requests.slice(0, -1)) {
      const reopened = this.#registry.find(request.access);
      if (reopened !== undefined) void this.#hold(reopened, request);
    }
  }
}

function isOfCommands({ access }: Lease): boolean {
  return access.method.kind === "command";
}

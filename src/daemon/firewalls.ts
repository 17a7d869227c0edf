import type { Address } from "../base/address.ts";
import type { BackendKind } from "../base/backends.ts";
import { backends, defaultBackend } from "../base/backends.ts";
import type { Clock } from "../base/clock.ts";
import { reasonWithHints } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Service } from "../base/service.ts";
import { formatServices } from "../base/service.ts";
import type { StatusProblem } from "../base/status-problem.ts";
import type {
  BackendParts,
  KnockedControl,
  NativeBackend,
  OpenElement,
  RunningTrial,
} from "../firewall/backend.ts";
import type { Starter } from "../firewall/backends.ts";
import type { ServicesBehind } from "../firewall/behind.ts";
import { nothingBehind } from "../firewall/behind.ts";
import { CommandFirewall } from "../firewall/commands/command.ts";
import type { ShowErrors } from "../firewall/commands/error-output.ts";
import type { Access, CommandAccess, Firewall, FirewallResult } from "../firewall/firewall.ts";
import { isNative } from "../firewall/firewall.ts";
import { Users } from "../system/users.ts";
import { FirewallFailure } from "./firewall-failure.ts";
import type { DaemonKernelDoors } from "./kernel-doors.ts";

/** A backend that was started, and which one it is. */
interface RunningBackend {
  readonly kind: BackendKind;
  readonly backend: NativeBackend;
}

export interface FirewallsParts {
  readonly starters: Readonly<Record<BackendKind, Starter>>;
  /** The name of our table. */
  readonly table: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes what commands write to their standard error; absent: it is dropped. */
  readonly showErrors?: ShowErrors;
  /** `undefined`: the kernel opens no doors by itself. */
  readonly kernelDoors?: Pick<DaemonKernelDoors, "take" | "record" | "problem"> | undefined;
  /** What is open is not open any more where native doors are made now, and must be opened again. */
  readonly onLoss: () => void;
}

/** The ways to open a door, each made ready when the configuration needs it. */
export class Firewalls implements Firewall {
  readonly #parts: FirewallsParts;
  readonly #users: Users;
  readonly #command: CommandFirewall;
  /** What the configuration asks for. */
  #chosen: BackendKind = defaultBackend;
  #behind: () => ServicesBehind = () => nothingBehind;
  #needed = false;
  #running: RunningBackend | undefined;
  #logged = "nothing";
  readonly #failure: FirewallFailure;

  constructor(parts: FirewallsParts) {
    this.#parts = parts;
    this.#failure = new FirewallFailure(parts.log);
    this.#users = new Users(parts.clock);
    this.#command = new CommandFirewall((name) => this.#users.find(name), parts.showErrors);
  }

  /** Runs the commands of configurations. */
  get commands(): Firewall<CommandAccess> {
    return this.#command;
  }

  /** The configuration names these users. */
  expectUsers(names: readonly string[]): void {
    this.#users.expect(names);
  }

  /** What the directive `Firewall` says. */
  get chosen(): BackendKind {
    return this.#chosen;
  }

  /** What native doors are made of; "commands": there are none. */
  get kind(): BackendKind | "commands" {
    // Where the administrator's own rules decide, doors may open by them whatever runs here.
    return backends[this.#chosen].canProtect ? (this.#running?.kind ?? "commands") : this.#chosen;
  }

  /** What keeps doors from opening. */
  get problems(): readonly StatusProblem[] {
    const running = this.#running?.backend.problems ?? [];
    const doors = this.#parts.kernelDoors?.problem;
    return [
      ...(this.#failure.problem === undefined ? [] : [this.#failure.problem]),
      ...running.map((message) => ({ code: "firewall", message }) as const),
      ...(doors === undefined ? [] : [{ code: "kernel-doors", message: doors } as const]),
    ];
  }

  /** Takes what a configuration asks for; `prepare` follows. `behind` is asked whenever rules are made. */
  choose(kind: BackendKind, behind: () => ServicesBehind = () => nothingBehind): void {
    this.#chosen = kind;
    this.#behind = behind;
    this.#failure.tellAgain();
  }

  /**
   * Makes ready what the configuration asks for; `needed`: there are native doors, or something of ours
   * may be in the kernel. A backend that protects waits for the next `protect`. Throws FIREWALL.
   */
  async prepare(needed: boolean): Promise<void> {
    this.#needed = needed;
    if (this.#running !== undefined && this.#running.kind !== this.#chosen) await this.#leave();
    if (!backends[this.#chosen].canProtect) await this.#useUnprotecting();
  }

  /** Native doors cannot be opened, or not as they should be. A failure that stays is in the log once. */
  fail(error: unknown): void {
    this.#failure.fail(error);
  }

  /** Native doors can be opened as they should be, or there are none. */
  succeed(): void {
    this.#failure.end(this.#running !== undefined);
  }

  /** Protects these services, those on trial as long as it lasts, and no others. Throws FIREWALL. */
  async protect(services: readonly Service[], trial?: RunningTrial): Promise<void> {
    const nothing = services.length === 0 && trial === undefined;
    if (this.#running === undefined) {
      if (nothing && !this.#needed) return;
      await this.#start(services);
      if (trial !== undefined) await this.#protect(services, trial);
    } else await this.#protect(services, trial);
    const state = formatServices(services) || "nothing";
    if (state === this.#logged) return;
    this.#logged = state;
    this.#parts.log.write({ level: "notice", event: "protect", text: `protected: ${state}` });
  }

  /** Protects nothing, also if another process did it. Throws FIREWALL. */
  async unprotect(): Promise<void> {
    if (this.#running?.backend.protect !== undefined) return await this.protect([]);
    const { starters, table } = this.#parts;
    for (const starter of Object.values(starters)) await starter.unprotect?.(table);
  }

  /** Removes the table of an earlier configuration, which keeps shut what ours opens. Throws FIREWALL. */
  async removeOld(old: string): Promise<void> {
    const { starters, table, log } = this.#parts;
    for (const { remove } of Object.values(starters)) {
      if (!(await remove?.(old))) continue;
      const text = `removed table inet ${old} of an earlier configuration: the table is ${table} now`;
      log.write({ level: "notice", event: "old-table-removed", text });
    }
  }

  open(access: Access, length: number, hold?: number): Promise<FirewallResult> {
    if (!isNative(access)) return this.#command.open(access, length, hold);
    return this.#running?.backend.open(access, length) ?? this.#refuse();
  }

  close(access: Access): Promise<FirewallResult> {
    if (!isNative(access)) return this.#command.close(access);
    return this.#running?.backend.close(access) ?? this.#refuse();
  }

  /** Returns what the kernel has open for native doors at this moment. Throws FIREWALL. */
  async listOpen(): Promise<readonly OpenElement[]> {
    return (await this.#running?.backend.listOpen()) ?? [];
  }

  /** What the kernel opens by itself; `undefined` where it opens nothing. Throws FIREWALL. */
  get knocked(): KnockedControl | undefined {
    return this.#running?.backend.knocked;
  }

  /** As the backend's. */
  cut(source: Address, services: readonly Service[] | undefined): void {
    this.#running?.backend.cut?.(source, services);
  }

  /** Returns the services that the kernel protects at this moment, also those on trial. Throws FIREWALL. */
  listProtected(): readonly Service[] {
    return this.#running?.backend.listProtected?.() ?? [];
  }

  /** Returns what an earlier daemon has left protected for good. Throws FIREWALL. */
  listLeft(): readonly Service[] {
    const { starters, table } = this.#parts;
    return Object.values(starters).flatMap((starter) => starter.listLeft?.(table) ?? []);
  }

  /** Lets go. What is open stays open until its time is over. */
  async shutDown(): Promise<void> {
    await this.#running?.backend.release();
  }

  async #protect(services: readonly Service[], trial: RunningTrial | undefined): Promise<void> {
    await this.#running?.backend.protect?.(services, trial);
    // Hosts may have sets only now.
    if (this.#behind().routed.length > 0) this.#parts.onLoss();
  }

  /** Another backend is wanted: this one must keep nothing shut. */
  async #leave(): Promise<void> {
    if (this.#running?.backend.protect !== undefined) await this.protect([]);
    await this.#running?.backend.release();
    this.#running = undefined;
  }

  async #useUnprotecting(): Promise<void> {
    if (!this.#needed) {
      await this.#running?.backend.release();
      this.#running = undefined;
    } else if (this.#running === undefined) await this.#start([]);
    else {
      await this.#running.backend.renew();
      this.#parts.onLoss();
    }
  }

  async #start(services: readonly Service[]): Promise<void> {
    const kind = this.#chosen;
    const { starters, clock, table, kernelDoors } = this.#parts;
    const parts: BackendParts = {
      clock,
      table,
      onLoss: (loss, times) => this.#restore(loss, times),
      onProblem: (error) => this.#failure.tell(reasonWithHints(error)),
      behind: () => this.#behind(),
      kernelDoors: () => kernelDoors?.take(),
      onKernelDoors: (result) => kernelDoors?.record(result),
    };
    this.#running = { kind, backend: await starters[kind].start(parts, services) };
    // At a reload doors may be open by another backend.
    this.#parts.onLoss();
  }

  #restore(...[loss, times]: Parameters<BackendParts["onLoss"]>): void {
    this.#failure.tellRepair(this.#parts.table, loss, times);
    this.#parts.onLoss();
  }

  /** The result of an opening or closing while no backend runs. */
  async #refuse(): Promise<FirewallResult> {
    const why = this.#failure.problem?.message ?? "native doors are not ready yet";
    return { kind: "not-started", reason: why };
  }
}

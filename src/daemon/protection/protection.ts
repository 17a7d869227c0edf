// Longer than other files: what is protected, on trial and confirmed is one state, changed in turn.
import { protectionObstacle } from "../../base/backends.ts";
import type { Clock } from "../../base/clock.ts";
import { KnockError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { RetryTimer } from "../../base/retry-timer.ts";
import type { Service } from "../../base/service.ts";
import { formatServices, uniqueServices } from "../../base/service.ts";
import { TaskSequence } from "../../base/task-sequence.ts";
import type { Config } from "../../config/config.ts";
import { protectedServices } from "../../config/config.ts";
import type { ServicesBehind } from "../../firewall/behind.ts";
import { nothingBehind } from "../../firewall/behind.ts";
import type { Disk } from "../../system/disk.ts";
import { FileReplacer } from "../../system/file-replacer.ts";
import type { StateFiles } from "../../system/state-files.ts";
import type { Firewalls } from "../firewalls.ts";
import type { DaemonKernelDoors } from "../kernel-doors.ts";
import type { DeviceLookup } from "../services-behind.ts";
import { servicesBehind } from "../services-behind.ts";
import { BootRules } from "./boot-rules.ts";
import { ConfirmedServices } from "./confirmed-services.ts";
import { ServiceTrial } from "./service-trial.ts";

export interface ProtectionParts {
  readonly files: StateFiles;
  readonly disk: Disk;
  /** The name of our table. */
  readonly table: string;
  readonly firewalls: Firewalls;
  readonly deviceOf: DeviceLookup;
  readonly clock: Clock;
  readonly log: Log;
  /** `undefined`: the kernel opens no doors by itself. */
  readonly kernelDoors: DaemonKernelDoors | undefined;
}

/**
 * What is protected: the services of doors with `protect = yes`, those that an administrator has
 * confirmed, and those that are on trial. The kernel keeps it, also without this program; a file in
 * the state directory brings it back early in the next boot.
 */
export class Protection {
  readonly #parts: ProtectionParts;
  #config: Config | undefined;
  /** What the configuration says. */
  #configured: readonly Service[] = [];
  /** What the rules for hosts behind this one were made of, as text; `undefined`: none were made yet. */
  #loadedBehind: string | undefined;
  readonly #confirmed: ConfirmedServices;
  /** An administrator has taken back what the configuration says. */
  #unprotected = false;
  #trial: ServiceTrial | undefined;
  readonly #bootRules: BootRules;
  readonly #changes = new TaskSequence();
  /** Carries out again what failed. */
  readonly #retry: RetryTimer;
  /** Whether there are native doors, or rules of ours in the kernel, as far as is known. */
  #isNeeded = false;
  /** What the kernel protected before, while it is not known what was confirmed. */
  #left: readonly Service[] | undefined;

  constructor(parts: ProtectionParts) {
    this.#parts = parts;
    const replacer = new FileReplacer(parts.disk);
    this.#confirmed = new ConfirmedServices(parts.files.guarded, replacer, parts.log);
    this.#bootRules = new BootRules(parts.files, { ...parts, replacer });
    this.#retry = new RetryTimer(parts.clock, () => {
      void this.#changes.run(() => this.#carryOut());
    });
  }

  /** What is protected for good. */
  get services(): readonly Service[] {
    if (this.#obstacle !== undefined) return [];
    const configured = this.#unprotected ? [] : this.#configured;
    const { isUnread, services } = this.#confirmed;
    return uniqueServices([...configured, ...(isUnread ? (this.#left ?? []) : services)]);
  }

  /** What is protected for the moment, and for how many milliseconds more. */
  get trial(): { readonly services: readonly Service[]; readonly remainingMs: number } | undefined {
    if (this.#trial === undefined) return undefined;
    const remainingMs = Math.round(this.#trial.left());
    return remainingMs > 0 ? { services: this.#trial.services, remainingMs } : undefined;
  }

  /** What an administrator should look at: a sentence each. */
  get problems(): readonly string[] {
    return [this.#bootRules.problem ?? [], this.#confirmed.problem ?? []].flat();
  }

  /**
   * Does what a configuration asks for, beside what administrators asked for. What fails is in the log, and
   * is tried again.
   */
  configure(config: Config): Promise<void> {
    return this.#changes.run(async () => {
      const { firewalls, kernelDoors } = this.#parts;
      this.#retry.reset();
      kernelDoors?.configure(config.options);
      firewalls.choose(config.options.firewall, () => this.#behind);
      this.#config = config;
      this.#configured = protectedServices(config.doors);
      await this.#carryOut();
    });
  }

  async #carryOut(): Promise<void> {
    const { firewalls } = this.#parts;
    const isUnreadable = await this.#confirmed.load(() => void this.#takeLate());
    const hasNative = this.#config?.doors.some(({ action }) => action.kind === "native") ?? false;
    // That there was a protection means that its rules may be in the kernel.
    this.#isNeeded =
      hasNative || this.#confirmed.services.length > 0 || (await this.#bootRules.exist());
    const mayBeNeeded = this.#isNeeded || this.#confirmed.isUnread;
    const isReady = await this.#attempt(() => firewalls.prepare(mayBeNeeded));
    if (this.#obstacle === undefined) await this.#attempt(() => this.#apply());
    else if ((await this.#attempt(() => this.#leaveOld())) && isReady) this.#succeed();
    if (isUnreadable) this.#retry.schedule();
  }

  /** Returns whether it succeeded. What fails is in the log, and is tried again. */
  async #attempt(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      // Where nothing is known to need the firewall, that the confirmed ones are unread is told already.
      if (this.#isNeeded || !this.#confirmed.isUnread) this.#parts.firewalls.fail(error);
      this.#retry.schedule();
      return false;
    }
  }

  /** The kernel is as it should be. What is left to be tried again is the next boot, if at all. */
  #succeed(): void {
    this.#parts.firewalls.succeed();
    if (this.#bootRules.problem === undefined) this.#retry.reset();
    else this.#retry.schedule();
  }

  /** Takes what was confirmed over from a disk that has answered late. */
  #takeLate(): Promise<void> {
    return this.#changes.run(() => this.#carryOut());
  }

  /** Reloads the rules if the doors or the interfaces have changed. The log names failures. */
  refreshDoors(): Promise<void> {
    return this.#changes.run(async () => {
      const loaded = this.#loadedBehind;
      const isStale = loaded !== undefined && loaded !== JSON.stringify(this.#behind);
      // Without native doors the kernel has none of ours.
      const areStale = this.#isNeeded && this.#parts.kernelDoors?.areStale;
      if (this.#obstacle !== undefined || !(isStale || areStale)) return;
      await this.#attempt(() => this.#apply());
    });
  }

  /** Protects what the configuration says, also after `unprotect`. Throws FIREWALL. */
  protect(): Promise<void> {
    return this.#changes.run(async () => {
      this.#expectProtection();
      const before = this.#unprotected;
      this.#unprotected = false;
      try {
        await this.#apply();
      } catch (error) {
        this.#unprotected = before;
        throw error;
      }
    });
  }

  /** Protects these services, too, as if each had been confirmed after a trial. Throws FIREWALL, SYSTEM. */
  keep(services: readonly Service[]): Promise<void> {
    return this.#changes.run(() => {
      this.#expectProtection();
      return this.#keep(services, this.#trial);
    });
  }

  /**
   * Protects nothing any more, and forgets what was confirmed. What the configuration says counts again
   * from `protect` or the next start on. Throws FIREWALL, or SYSTEM if only the next start is protected.
   */
  unprotect(): Promise<void> {
    return this.#changes.run(async () => {
      this.#expectProtection();
      this.#unprotected = true;
      this.#endTrial("the protection was removed");
      // The kernel first: the administrator who asks for this may be locked out.
      await this.#parts.firewalls.unprotect();
      await this.#removeOldTable();
      await this.#bootRules.replace([]);
      await this.#confirmed.forget();
      const problem = this.#bootRules.problem ?? this.#confirmed.problem;
      if (problem === undefined) return;
      throw new KnockError("SYSTEM", `the protection is removed, but ${problem}`);
    });
  }

  /** Protects these services, too, but only for so many milliseconds, unless they are confirmed. Throws FIREWALL. */
  try(services: readonly Service[], milliseconds: number): Promise<void> {
    return this.#changes.run(async () => {
      this.#expectProtection();
      const { clock, log } = this.#parts;
      const before = this.#trial;
      const onEnd = () => void this.#expire();
      const trial = ServiceTrial.begin(services, milliseconds, { clock, onEnd });
      this.#trial = trial;
      try {
        await this.#apply();
      } catch (error) {
        trial.stop();
        this.#trial = before;
        throw error;
      }
      before?.stop();
      const text = `guard: ${formatServices(services)} is protected on trial for ${milliseconds / 1000} s`;
      log.write({ level: "notice", event: "guard", text });
    });
  }

  /** Ends the trial. Throws FIREWALL. */
  cancelTrial(why: string): Promise<void> {
    return this.#changes.run(async () => {
      this.#endTrial(why);
      await this.#apply();
    });
  }

  /**
   * Protects for good those of `chosen` that are on trial, and returns them. The others stay on trial.
   * Throws USAGE if nothing is on trial, FIREWALL, SYSTEM.
   */
  confirm(chosen: readonly Service[]): Promise<readonly Service[]> {
    return this.#changes.run(async () => {
      const { log } = this.#parts;
      const trial = this.#trial;
      if (trial === undefined || this.trial === undefined) {
        const hints = ["knockctl guard begins a trial"];
        throw new KnockError("USAGE", "nothing is on trial, or its time is over", { hints });
      }
      const { kept, rest } = trial.split(chosen);
      await this.#keep(kept, rest);
      if (rest === undefined) trial.stop();
      const others =
        rest === undefined ? "" : `; ${formatServices(rest.services)} is still on trial`;
      const text = `guard: confirmed, ${formatServices(kept)} stays protected${others}`;
      log.write({ level: "notice", event: "guard-confirmed", text });
      return kept;
    });
  }

  /** `rest`: the trial that goes on. */
  async #keep(services: readonly Service[], rest: ServiceTrial | undefined): Promise<void> {
    const before = this.#confirmed.services;
    const trial = this.#trial;
    // The file comes first: a protection that the next start would not know of must not begin. Until it is
    // written the trial goes on: who asks meanwhile must not see it over and nothing confirmed.
    await this.#confirmed.replace(uniqueServices([...before, ...services]));
    this.#trial = rest;
    try {
      await this.#apply();
    } catch (error) {
      this.#trial = trial;
      await this.#confirmed.replace(before);
      throw error;
    }
  }

  /** Leaves the kernel as it is. */
  close(): void {
    this.#retry.close();
    this.#trial?.stop();
  }

  /** The kernel has taken the protection back; this tidies up, and tells. */
  async #expire(): Promise<void> {
    await this.#changes.run(async () => {
      if (this.#trial === undefined || this.trial !== undefined) return;
      this.#endTrial("not confirmed in time");
      await this.#attempt(() => this.#apply());
    });
  }

  #endTrial(why: string): void {
    if (this.#trial === undefined) return;
    const text = `guard: ${why}: rolled back ${formatServices(this.#trial.services)}`;
    this.#parts.log.write({ level: "notice", event: "guard-over", text });
    this.#trial.stop();
    this.#trial = undefined;
  }

  /** Tells the kernel and the next boot. Throws FIREWALL; what fails for the boot is a problem in the status. */
  async #apply(): Promise<void> {
    const { firewalls } = this.#parts;
    if (this.#confirmed.isUnread) this.#left ??= firewalls.listLeft();
    const { services } = this;
    const behind = this.#behind;
    await firewalls.protect(services, this.#trial);
    this.#loadedBehind = JSON.stringify(behind);
    // On a disk that hangs, what they are stays as it is until it answers.
    if (!this.#confirmed.isUnread) {
      // Until then the rules of the next boot name the old table.
      if (!(await this.#attempt(() => this.#removeOldTable()))) return;
      await this.#bootRules.replace(services, behind);
    }
    this.#succeed();
  }

  /** Another firewall is in use now: ours must drop nothing. */
  async #leaveOld(): Promise<void> {
    if (!(await this.#bootRules.exist())) return;
    await this.#parts.firewalls.unprotect();
    await this.#removeOldTable();
    await this.#bootRules.replace([]);
  }

  async #removeOldTable(): Promise<void> {
    const old = await this.#bootRules.otherTable();
    if (old !== undefined) await this.#parts.firewalls.removeOld(old);
  }

  get #behind(): ServicesBehind {
    if (this.#config === undefined) return nothingBehind;
    return servicesBehind(this.#config, this.#parts.deviceOf);
  }

  /** Why knockd protects nothing: the administrator's own rules decide. */
  get #obstacle(): ReturnType<typeof protectionObstacle> {
    return protectionObstacle(this.#parts.firewalls.chosen);
  }

  #expectProtection(): void {
    const obstacle = this.#obstacle;
    if (obstacle === undefined) return;
    throw new KnockError("USAGE", obstacle.message, { hints: obstacle.hints });
  }
}
